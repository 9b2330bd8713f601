public import EventSourceFormat

/// The reason why a reader cannot send an event's ID back as its last event ID.
///
/// A browser sends the ID in a `Last-Event-ID` field. If the endpoint had to reject the field, the browser would never
/// reconnect (WHATWG HTML 9.2.3). So such an ID is rejected when it is published or recorded.
public enum EventIDFlaw: Error, Sendable, Hashable, CustomStringConvertible {
  /// The ID is empty. An empty ID resets the reader's last event ID.
  case empty
  /// The ID has more bytes of UTF-8 than the limit.
  case tooLong(bytes: Int, limit: Int)
  /// The ID begins with `*`, like the IDs that the hub generates for streams of several channels.
  case reservedForm
  /// The ID begins or ends with a space or a tab, which field parsers remove (RFC 9110, 5.5).
  case outerSpace
  /// The byte at this offset is below 0x20 or is 0x7F. A field must not contain such a byte (RFC 9110, 5.5), except a
  /// tab. Tabs are rejected as well, because not every sender, proxy and receiver leaves them unchanged.
  case controlCharacter(offset: Int)

  /// A one-line description.
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
  /// The default maximum length of an ID in bytes of UTF-8, which keeps request fields short.
  public static let maximumReturnableBytes = 1024

  /// Checks that a reader can send the ID back as its last event ID. Linear in the ID's length, up to the limit.
  ///
  /// - Parameter maximumBytes: The maximum length of the ID in bytes of UTF-8.
  /// - Throws: The first flaw found, in the order in which ``EventIDFlaw`` declares them.
  public func checkReturnable(maximumBytes: Int = EventID.maximumReturnableBytes) throws(EventIDFlaw) {
    if let flaw = rawValue.withBytes({ Self.flaw(in: $0, maximumBytes: maximumBytes) }) { throw flaw }
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
