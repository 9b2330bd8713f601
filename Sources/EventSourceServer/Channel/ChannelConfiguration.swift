/// The rules of one channel: how it treats readers that are slow, and how much of its past it retains. Every value has
/// a default, and every one can be changed while the channel is open, by ``EventHub/reconfigure(_:_:)``.
public struct ChannelConfiguration: Sendable, Hashable {
  /// What becomes of a reader that is too far behind: its next event is no longer held, or a limit below is exceeded.
  public enum SlowReaders: Sendable, Hashable {
    /// It is cut off, and may resume.
    case disconnect
    /// It continues with the newest event, and is told that it has missed some, by an event of type `eventsource-gap`.
    case skipToNewest
    /// A reader whose connection takes less than is published is given only the newest event of each key, in the order
    /// of publication, until it has caught up; one that keeps up is given all. A key is what the publisher says it is,
    /// else the event's type. If the channel's log no longer holds the events to choose from, the reader is told that
    /// it has missed some.
    case newestPerKey
  }

  /// What becomes of a reader that is too far behind.
  public var slowReaders = SlowReaders.disconnect
  /// The most bytes that may be waiting for a reader before it is too far behind; nil: what the channel's log holds.
  public var maximumBacklogBytes: Int?
  /// For how long something may be waiting for a reader before it is too far behind, although it takes a little now and
  /// then; nil: no limit. A connection that takes nothing at all is cut off after the endpoint's `stallTimeout`.
  public var maximumLag: Duration?
  /// The window within which a reader gets at most one event, as
  /// ``EventStreamHandler/Configuration/coalescingWindow`` describes it, in every endpoint. Zero: this channel's events
  /// are never coalesced. nil: as the endpoint says.
  public var coalescingWindow: Duration?

  /// How much of its past the channel's log holds; nil: as the hub's configuration says. An age that differs from the
  /// hub's costs a look at the channel eight times within it.
  public var log: LogLimits?

  /// The defaults.
  public init() {}

  /// Checks every value.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require(
      (maximumBacklogBytes ?? 1) > 0, "maximumBacklogBytes", "at least 1", maximumBacklogBytes ?? 0)
    try ConfigurationError.require(
      (maximumLag ?? .seconds(1)) >= .milliseconds(1), "maximumLag", "at least a millisecond", maximumLag ?? .zero)
    let window = coalescingWindow ?? .zero
    try ConfigurationError.require(
      window == .zero || window >= .milliseconds(1), "coalescingWindow", "zero, or at least a millisecond", window)
    try log?.validate()
  }
}
