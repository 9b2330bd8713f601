public import EventSourceFormat

/// Why no reader can bring an event's ID back as its last event ID.
///
/// A browser repeats the ID in a `Last-Event-ID` field. An endpoint that has to answer such a request with 400 ends the
/// browser's stream for ever (WHATWG HTML 9.2.3), so an ID with a flaw is refused where it is published or recorded.
public enum EventIDFlaw: Error, Sendable, Hashable, CustomStringConvertible {
  /// The ID has no bytes. On the wire it takes the reader's last event ID away.
  case empty
  /// The ID has more bytes of UTF-8 than the limit.
  case tooLong(bytes: Int, limit: Int)
  /// The ID begins with `*`, as the IDs do that the hub makes for a stream of several channels.
  case reservedForm
  /// The ID begins or ends with a space or a tab, which a parser of fields removes (RFC 9110, 5.5).
  case outerSpace
  /// The byte at this offset is below 0x20 or is 0x7F. A field must not carry it (RFC 9110, 5.5); a tab, which it may,
  /// is refused as well, because not every sender, proxy and receiver leaves it as it is.
  case controlCharacter(offset: Int)

  /// One line for a person.
  public var description: String {
    switch self {
    case .empty: "the event's ID is empty; leave it out, or give it at least one character"
    case .tooLong(let bytes, let limit): "the event's ID has \(bytes) bytes; \(limit) are allowed"
    case .reservedForm: "the event's ID begins with \"*\", which only IDs of streams of several channels may"
    case .outerSpace: "the event's ID begins or ends with a space or a tab, which readers cannot send back"
    case .controlCharacter(let offset):
      "the event's ID has a control character at byte \(offset), which readers cannot send back"
    }
  }
}

extension EventID {
  /// The most bytes of UTF-8 that an ID has by default, so that the fields of a reader's request stay short.
  public static let maximumReturnableBytes = 1024

  /// Checks that a reader can bring the ID back as its last event ID. Linear in the ID's bytes, at most the limit.
  ///
  /// - Parameter maximumBytes: The most bytes of UTF-8 that the ID may have.
  /// - Throws: The first flaw found, in the order in which ``EventIDFlaw`` declares them.
  public func checkReturnable(maximumBytes: Int = EventID.maximumReturnableBytes) throws(EventIDFlaw) {
    var text = rawValue
    if let flaw = text.withUTF8({ Self.flaw(in: $0, maximumBytes: maximumBytes) }) { throw flaw }
  }

  private static func flaw(in bytes: UnsafeBufferPointer<UInt8>, maximumBytes: Int) -> EventIDFlaw? {
    guard let first = bytes.first, let last = bytes.last else { return .empty }
    guard bytes.count <= maximumBytes else { return .tooLong(bytes: bytes.count, limit: maximumBytes) }
    guard first != UInt8(ascii: "*") else { return .reservedForm }
    guard !isSpace(first), !isSpace(last) else { return .outerSpace }
    return bytes.firstIndex { $0 < 0x20 || $0 == 0x7F }.map { .controlCharacter(offset: $0) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
