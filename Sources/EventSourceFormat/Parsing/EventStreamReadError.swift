/// Why the reading of an event stream's bytes ended before the stream did.
public enum EventStreamReadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The bytes ended in the middle of an event, which is lost. An end between two events is no error.
  case truncated
  /// No byte came for this time.
  case timedOut(after: Duration)

  /// One line for a person.
  public var description: String {
    switch self {
    case .truncated: "the stream ended in the middle of an event, which is lost"
    case .timedOut(let limit): "the stream was silent for \(limit)"
    }
  }
}
