/// The limits of a channel's log. Beyond a limit, the oldest events are evicted.
///
/// Readers that are behind read from the log, and readers that return with a last event ID find in it what they missed.
/// So it must hold at least the largest burst that is published faster than readers receive it.
public struct Retention: Sendable, Hashable {
  /// The maximum allocated bytes. The newest event is retained even if it is larger.
  public var maximumBytes: Int
  /// The maximum number of events and comments. `nil` means no limit.
  public var maximumEvents: Int?
  /// The age up to which events are not evicted because of age. A segment is evicted when all its events are older.
  /// `nil` means no limit. Time advances when a lane runs.
  public var maximumAge: Duration?

  /// Creates limits. ``EventHub/Configuration/validate()`` checks them.
  public init(maximumBytes: Int = 8 << 20, maximumEvents: Int? = nil, maximumAge: Duration? = nil) {
    self.maximumBytes = maximumBytes
    self.maximumEvents = maximumEvents
    self.maximumAge = maximumAge
  }

  func validate() throws(ConfigurationError) {
    try ConfigurationError.require(maximumBytes >= 1024, "retention.maximumBytes", "at least 1024", maximumBytes)
    try ConfigurationError.require(
      (maximumEvents ?? 1) > 0, "retention.maximumEvents", "at least 1", maximumEvents ?? 0)
    try ConfigurationError.require(
      (maximumAge ?? .seconds(1)) > .zero, "retention.maximumAge", "more than zero", maximumAge ?? .zero)
  }
}
