/// A stream exceeded a limit. The parser accepts no more of it.
public enum EventStreamParserError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A line, without its end, has at least `bytes` bytes.
  case lineTooLong(bytes: Int, limit: Int)
  /// The data of an event has at least `bytes` bytes.
  case eventTooLarge(bytes: Int, limit: Int)

  /// A one-line description.
  public var description: String {
    switch self {
    case .lineTooLong(let bytes, let limit):
      "a line of the event stream has at least \(bytes) bytes; the limit is \(limit)"
    case .eventTooLarge(let bytes, let limit):
      "an event's data has at least \(bytes) bytes; the limit is \(limit)"
    }
  }
}
