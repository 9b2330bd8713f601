/// The rules of one channel: how it treats slow readers, and how much of its past it retains. Every value has a default
/// and can be changed while the channel is open, by ``EventHub/reconfigure(_:_:)``.
public struct ChannelConfiguration: Sendable, Hashable {
  /// What happens to a reader that is too far behind: its next event was evicted, or it exceeds a limit below.
  public enum SlowReaderPolicy: Sendable, Hashable {
    /// Its stream ends. The reader can resume.
    case disconnect
    /// It continues with the newest event, after an event of type `eventsource-gap` that reports the missed ones.
    case skipToNewest
    /// While it is behind, it gets only the newest event of each key, in the order of publication. A reader that keeps
    /// up gets all events. The key is the one that the publisher passes or, without one, the event's type. If the log
    /// no longer retains the events to choose from, the reader gets a gap event.
    case newestPerKey
  }

  /// What happens to a reader that is too far behind.
  public var slowReaders = SlowReaderPolicy.disconnect
  /// The maximum bytes waiting for a reader before it is too far behind. `nil` means that the log is the limit.
  public var maximumBacklogBytes: Int?
  /// The maximum time that an event may wait for a reader before the reader is too far behind. `nil` means no limit. A
  /// connection that accepts nothing at all is disconnected after the endpoint's `stallTimeout`.
  public var maximumLag: Duration?
  /// The window within which a reader gets at most one event, in every endpoint, as described for
  /// ``EventStreamHandler/Configuration/coalescingWindow``. Zero disables coalescing for this channel's events. `nil`
  /// uses the endpoint's window.
  public var coalescingWindow: Duration?

  /// The limits of the channel's log. `nil` means the hub's default. A maximum age that differs from the hub's has a
  /// cost: the channel is checked eight times within it.
  public var retention: Retention?

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
    try retention?.validate()
  }
}
