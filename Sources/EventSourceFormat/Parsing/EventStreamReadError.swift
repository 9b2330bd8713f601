/// A reason why reading an event stream ended before the stream did.
public enum EventStreamReadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The bytes ended in the middle of an event, which is lost. An end between two events is not an error.
  case truncated
  /// No bytes arrived within this time.
  case timedOut(after: Duration)

  /// A one-line description.
  public var description: String {
    switch self {
    case .truncated: "the stream ended in the middle of an event, which is lost"
    case .timedOut(let limit): "the stream sent nothing for \(limit)"
    }
  }
}
