/// A type or an ID, which are often what they were before: then no string is made.
struct FieldText: Sendable {
  private(set) var text: String
  /// The bytes of the text, if they are few.
  private var bytes: ShortBytes?

  init(_ text: String) {
    self.text = text
    bytes = nil
  }

  @inline(__always)
  mutating func set(_ value: UnsafeRawBufferPointer) {
    guard let short = ShortBytes(value) else { return setLong(value) }
    if short != bytes { set(short) }
  }

  @inline(__always)
  mutating func setUnlessItHasNUL(_ value: UnsafeRawBufferPointer) {
    guard let short = ShortBytes(value) else {
      if !value.contains(0) { setLong(value) }
      return
    }
    if short != bytes, !short.hasNUL { set(short) }
  }

  private mutating func set(_ short: ShortBytes) {
    text = short.string
    bytes = short
  }

  private mutating func setLong(_ value: UnsafeRawBufferPointer) {
    text = String(decoding: value, as: UTF8.self)
    bytes = nil
  }
}
