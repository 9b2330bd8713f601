/// Where the hub, the handler and the servers say what happened. Without one they are silent.
///
/// Called on any thread, several at a time, sometimes while events wait to be delivered: a conforming type returns
/// quickly and does not call back into the hub. What is logged never holds an event's data.
public protocol EventLogger: Sendable {
  /// Takes one record.
  func log(_ record: EventLogRecord)
}

/// One thing that happened.
public struct EventLogRecord: Sendable {
  /// How much it matters, in rising order.
  public enum Level: Int, Sendable, Hashable, Comparable {
    /// What a person debugging their integration wants: a reader came, left, resumed.
    case debug
    /// What an operator wants once: a server listens, drains, stopped.
    case info
    /// What went wrong for one reader or one request: dropped, refused for want of room.
    case warning
    /// What went wrong for the service: a repository or an authorizer failed.
    case error

    /// In order of how much it matters.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// How much it matters.
  public var level: Level
  /// What happened, always the same text for the same thing, so that it can be counted.
  public var message: StaticString
  /// The circumstances: names and values, with control characters escaped where a value came from a peer.
  public var metadata: [(name: String, value: String)]

  /// Makes a record.
  public init(level: Level, message: StaticString, metadata: [(name: String, value: String)] = []) {
    self.level = level
    self.message = message
    self.metadata = metadata
  }
}
