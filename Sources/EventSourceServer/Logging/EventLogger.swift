/// Receives log records from the hub, the handler and the servers. Without a logger nothing is logged.
///
/// Records arrive on any thread, concurrently, and sometimes while events wait for delivery. So a conforming type must
/// return quickly and must not call the hub. Records never contain event data.
public protocol EventLogger: Sendable {
  /// Logs a record.
  func log(_ record: EventLogRecord)
}

/// A log record.
public struct EventLogRecord: Sendable {
  /// The severity, in increasing order.
  public enum Level: Int, Sendable, Hashable, Comparable {
    /// For debugging an integration: a reader connected, disconnected or resumed.
    case debug
    /// For operators: a server started, is draining or has stopped.
    case info
    /// A problem of one reader or request: a slow reader was disconnected, a limit was reached.
    case warning
    /// A problem of the service: a repository or an authorizer failed.
    case error

    /// Compares by severity.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// The severity.
  public var level: Level
  /// The message. Its text is constant, so that records can be counted by message.
  public var message: StaticString
  /// Names and values that describe the event. Control characters in values from peers are escaped.
  public var metadata: [(name: String, value: String)]

  /// Creates a record.
  public init(level: Level, message: StaticString, metadata: [(name: String, value: String)] = []) {
    self.level = level
    self.message = message
    self.metadata = metadata
  }
}
