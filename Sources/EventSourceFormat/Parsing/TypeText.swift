/// A type, which is often what it was before: then no string is made.
struct TypeText: Sendable {
  private(set) var text: String
  /// The bytes of the text, if they are few and it was made of them.
  private(set) var bytes: ShortBytes?

  init(_ text: String) { self.text = text }

  @inline(never)
  mutating func set(_ value: ShortBytes) {
    text = value.string
    bytes = value
  }

  mutating func set(_ value: UnsafeRawBufferPointer) {
    if let short = ShortBytes(value) {
      if short != bytes { set(short) }
    } else if bytes != nil || !text.hasBytes(value) {
      text = String(decoding: value, as: UTF8.self)
      bytes = nil
    }
  }
}
