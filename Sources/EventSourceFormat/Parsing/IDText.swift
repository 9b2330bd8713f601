/// A last event ID: a few bytes in place, and more as a string.
///
/// Most are short, every event has another one, and nobody looks at most of them; to make a string of one costs as much
/// as to find it. So that is done when somebody asks for it.
enum IDText: Sendable {
  /// The bytes in two words, their number in the highest byte, of which the highest bit says that it is an event's own.
  case short(low: UInt64, high: UInt64)
  case long(String)
  /// An event's own.
  case ownLong(String)

  private static let ownBit: UInt64 = 1 << 63

  @inline(__always)
  init(_ bytes: ShortBytes) { self = .short(low: bytes.low, high: bytes.high | UInt64(bytes.count) &<< 56) }

  /// The text of bytes that may not be UTF-8.
  init(_ bytes: UnsafeRawBufferPointer) {
    self = ShortBytes(bytes).map { IDText($0) } ?? .long(String(decoding: bytes, as: UTF8.self))
  }

  init(_ text: String) {
    var copy = text
    self = copy.withUTF8 { ShortBytes(UnsafeRawBufferPointer($0)) }.map { IDText($0) } ?? .long(text)
  }

  @inline(__always)
  static var none: IDText { .short(low: 0, high: 0) }

  /// The same text, as that of the event itself and not of one before it.
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

  /// Whether it is the empty one, which is never long.
  @inline(__always)
  var isNone: Bool {
    if case .short(low: _, high: 0) = self { true } else { false }
  }

  /// The text, with what is not UTF-8 replaced.
  var string: String {
    switch self {
    case .short(let low, let high):
      ShortBytes(low: low, high: high & (1 << 56 - 1), count: Int((high & ~Self.ownBit) &>> 56)).string
    case .long(let text), .ownLong(let text): text
    }
  }
}
