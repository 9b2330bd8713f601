/// A stream exceeded a limit; the parser takes nothing more of it.
public enum EventStreamParserError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A line, without its end, has at least so many bytes.
  case lineTooLong(bytes: Int, limit: Int)
  /// The data of an event has at least so many bytes.
  case eventTooLarge(bytes: Int, limit: Int)

  /// One line for a person.
  public var description: String {
    switch self {
    case .lineTooLong(let bytes, let limit):
      "a line of the event stream has at least \(bytes) bytes; \(limit) are allowed"
    case .eventTooLarge(let bytes, let limit):
      "an event's data has at least \(bytes) bytes; \(limit) are allowed"
    }
  }
}
