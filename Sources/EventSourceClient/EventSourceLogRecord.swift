/// A log record.
public struct EventSourceLogRecord: Sendable {
  /// The severity levels.
  public enum Level: String, Sendable, Hashable { case debug, info, warning, error }

  /// The severity.
  public let level: Level
  /// The message.
  public let message: StaticString
  /// The values that describe it.
  public let metadata: [(name: String, value: String)]
}
