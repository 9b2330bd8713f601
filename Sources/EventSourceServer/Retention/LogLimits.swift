/// How much of its past one channel's log holds. What is beyond a limit is given up, oldest first.
///
/// The log serves two needs: the readers that are behind read from it, and a reader that returns with a last event ID
/// finds what it missed in it. So it must hold at least the largest burst that is published faster than readers take
/// it.
public struct LogLimits: Sendable, Hashable {
  /// Bytes, allocated, not only used; at least the newest event is held even if it is larger.
  public var bytes: Int
  /// Events and comments; nil: as many as the bytes hold.
  public var events: Int?
  /// How long an event is held at least as far as this limit goes; whole segments are given up when all in them is
  /// older. nil: until another limit is reached. Time advances when a lane runs.
  public var age: Duration?

  /// Makes limits; see ``EventHub/Configuration/validate()`` for what is allowed.
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
