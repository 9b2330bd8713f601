/// Something that happened, for a log.
public struct EventSourceLogRecord: Sendable {
  /// How much it matters.
  public enum Level: String, Sendable, Hashable { case debug, info, warning, error }

  /// How much it matters.
  public let level: Level
  /// What happened.
  public let message: StaticString
  /// The values that belong to it.
  public let metadata: [(name: String, value: String)]
}
