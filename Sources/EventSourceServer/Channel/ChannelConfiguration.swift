/// The rules of one channel: how it treats readers that are slow, and how much of its past it retains. Every value has
/// a default, and every one can be changed while the channel is open, by ``EventHub/reconfigure(_:_:)``.
public struct ChannelConfiguration: Sendable, Hashable {
  /// What happens to a reader that is too far behind: its next event was evicted, or it exceeds a limit below.
  public enum SlowReaders: Sendable, Hashable {
    /// Its stream ends. The reader can resume.
    case disconnect
    /// It continues with the newest event, after an event of type `eventsource-gap` that tells it of the missed ones.
    case skipToNewest
    /// While it is behind, it gets only the newest event of each key, in the order of publication. A reader that keeps
    /// up gets all events. The key is the one that the publisher names or, without one, the event's type. If the log no
    /// longer retains the events to choose from, the reader is told of a gap.
    case newestPerKey
  }

  /// What happens to a reader that is too far behind.
  public var slowReaders = SlowReaders.disconnect
  /// The maximum bytes waiting for a reader before it is too far behind. `nil` means that the log is the limit.
  public var maximumBacklogBytes: Int?
  /// The maximum time that an event may wait for a reader before the reader is too far behind. `nil` means no limit. A
  /// connection that accepts nothing at all is disconnected after the endpoint's `stallTimeout`.
  public var maximumLag: Duration?
  /// The window within which a reader gets at most one event, as
  /// ``EventStreamHandler/Configuration/coalescingWindow`` describes it, in every endpoint. Zero: this channel's events
  /// are never coalesced. nil: as the endpoint says.
  public var coalescingWindow: Duration?

  /// The limits of the channel's log. `nil` means the hub's default. An age that differs from the
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
