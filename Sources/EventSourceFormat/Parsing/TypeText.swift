/// An event type. If it repeats, which is frequent, no string is created.
struct TypeText: Sendable {
  private(set) var text: String
  /// The bytes of the text, if they are few and the text was created from them.
  private(set) var bytes: ShortBytes?

  init(_ text: String) { self.text = text }

  @inline(never)
  mutating func set(_ value: ShortBytes) {
    text = value.string
    bytes = value
  }

  /// Whether it is another text than before.
  mutating func set(_ value: UnsafeRawBufferPointer) -> Bool {
    if let short = ShortBytes(value) {
      guard short != bytes else { return false }
      set(short)
      return true
    }
    guard bytes != nil || !text.hasBytes(value) else { return false }
    text = String(decoding: value, as: UTF8.self)
    bytes = nil
    return true
  }
}
