/// The limits of a channel's log. Beyond a limit, the oldest events are evicted.
///
/// Readers that are behind read from the log, and readers that return with a last event ID find in it what they missed.
/// So it must hold at least the largest burst that is published faster than readers receive it.
public struct LogLimits: Sendable, Hashable {
  /// The maximum allocated bytes. The newest event is retained even if it is larger.
  public var bytes: Int
  /// The maximum number of events and comments. `nil` means no limit.
  public var events: Int?
  /// The age up to which events are not evicted because of age. A segment is evicted when all its events are older.
  /// `nil` means no limit. Time advances when a lane runs.
  public var age: Duration?

  /// Creates limits. ``EventHub/Configuration/validate()`` checks them.
  public init(bytes: Int = 8 << 20, events: Int? = nil, age: Duration? = nil) {
    self.bytes = bytes
    self.events = events
    self.age = age
  }

  func validate() throws(ConfigurationError) {
    try ConfigurationError.require(bytes >= 1024, "log.bytes", "at least 1024", bytes)
    try ConfigurationError.require((events ?? 1) > 0, "log.events", "at least 1", events ?? 0)
    try ConfigurationError.require((age ?? .seconds(1)) > .zero, "log.age", "more than zero", age ?? .zero)
  }
}
