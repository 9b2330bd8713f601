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
    let bytes = rawValue.utf8
    guard let first = bytes.first, let last = bytes.last else { throw .empty }
    guard bytes.count <= maximumBytes else { throw .tooLong(bytes: bytes.count, limit: maximumBytes) }
    guard first != UInt8(ascii: "*") else { throw .reservedForm }
    guard !Self.isSpace(first), !Self.isSpace(last) else { throw .outerSpace }
    var offset = 0
    for byte in bytes {
      guard byte >= 0x20, byte != 0x7F else { throw .controlCharacter(offset: offset) }
      offset += 1
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
