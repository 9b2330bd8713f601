/// A last event ID. A short one is stored inline, a longer one as a string.
///
/// Most IDs are short, every event has a different one, and most are never read. Creating a string costs as much as
/// finding the ID, so the string is created only on access.
enum IDText: Sendable {
  /// The bytes in two words, and their number in the highest byte. The highest bit marks an ID of the event itself.
  case short(low: UInt64, high: UInt64)
  case long(String)
  /// A long ID of the event itself.
  case ownLong(String)

  private static let ownBit: UInt64 = 1 << 63

  @inline(__always)
  init(_ bytes: ShortBytes) { self = .short(low: bytes.low, high: bytes.high | UInt64(bytes.count) &<< 56) }

  /// Creates the text from bytes that may not be UTF-8.
  init(_ bytes: UnsafeRawBufferPointer) {
    self = ShortBytes(bytes).map { IDText($0) } ?? .long(String(decoding: bytes, as: UTF8.self))
  }

  init(_ text: String) {
    var copy = text
    self = copy.withUTF8 { ShortBytes(UnsafeRawBufferPointer($0)) }.map { IDText($0) } ?? .long(text)
  }

  @inline(__always)
  static var none: IDText { .short(low: 0, high: 0) }

  /// The same text, marked as the event's own ID instead of an earlier event's.
  @inline(__always)
  var asOwn: IDText {
    switch self {
    case .short(let low, let high): .short(low: low, high: high | Self.ownBit)
    case .long(let text), .ownLong(let text): .ownLong(text)
    }
  }

  var isOwn: Bool {
    switch self {
    case .short(_, let high): high & Self.ownBit != 0
    case .long: false
    case .ownLong: true
    }
  }

  /// Whether the ID is empty. An empty ID is never long.
  @inline(__always)
  var isNone: Bool {
    if case .short(low: _, high: 0) = self { true } else { false }
  }

  /// The text, with invalid UTF-8 replaced.
  var string: String {
    switch self {
    case .short(let low, let high):
      ShortBytes(low: low, high: high & (1 << 56 - 1), count: Int((high & ~Self.ownBit) &>> 56)).string
    case .long(let text), .ownLong(let text): text
    }
  }
}
