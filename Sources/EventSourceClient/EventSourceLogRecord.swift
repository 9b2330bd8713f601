/// A log record.
public struct EventSourceLogRecord: Sendable {
  /// The severity.
  public enum Level: String, Sendable, Hashable { case debug, info, warning, error }

  /// How much it matters.
  public let level: Level
  /// The message.
  public let message: StaticString
  /// The values that describe it.
  public let metadata: [(name: String, value: String)]
}
