public import EventSourceServer

extension RedisEventRepository {
  /// How many past events each channel keeps.
  public struct Retention: Sendable, Hashable {
    /// The maximum number of events per channel. The server trims in blocks, so a channel may hold a few hundred more.
    /// `nil` means no limit.
    public var maximumEvents: Int? = 100_000
    /// The maximum age of events, by the server's clock. Older ones go when something is published to their channel,
    /// within an eighth of this time. `nil` means no limit.
    public var maximumAge: Duration?
    /// A channel to which nothing is published for so long is removed from the server with everything in it. `nil`
    /// means never.
    public var idleExpiry: Duration?

    /// The defaults.
    public init() {}
  }

  /// What an acknowledged publication means.
  public enum Durability: Sendable, Hashable {
    /// The server has the event. How safe it is there is the server's own setting: with `appendonly yes` and
    /// `appendfsync always` it is on the disk, with `everysec` a crash loses about the last second, and without an
    /// append-only file everything since the last snapshot. A failover loses what the replica did not have.
    case server
    /// The server and so many of its replicas have the event in memory. If fewer confirm in time, `publish` throws
    /// ``RedisHistoryError/tooFewReplicas(server:confirmed:required:)``, and the event is published all the same.
    case replicas(Int, within: Duration)
  }

  /// How a history is kept and reached.
  public struct Configuration: Sendable, Hashable {
    /// What all keys and messages on the server begin with. Processes that share channels have the same.
    public var keyPrefix = "eventsource:"
    /// How many past events each channel keeps.
    public var retention = Retention()
    /// What an acknowledged publication means.
    public var durability = Durability.server
    /// The maximum time that a server may take for an answer. After it, the connection is given up and opened again.
    public var responseTimeout = Duration.seconds(3)
    /// The maximum time for a publication, with what is asked again because an answer was lost. Less than the hub's
    /// `EventHub.Configuration.recordingTimeout`, so that the reason is told.
    public var publishTimeout = Duration.seconds(8)
    /// How often quiet channels are looked at, some at a time, for events of which no message has come, and how often a
    /// message of its own tells a subscription that works from one that is dead.
    public var probeInterval = Duration.seconds(1)
    /// The maximum bytes that wait to be sent to one server. More publications fail with
    /// ``RedisHistoryError/overloaded(server:limit:)``.
    public var maximumWaitingBytes = 64 << 20
    /// The maximum bytes of one answer of a server. A server that sends more is disconnected.
    public var maximumReplyBytes = 64 << 20

    /// The defaults.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require(
        (0...255).contains(keyPrefix.utf8.count), "keyPrefix", "at most 255 bytes", keyPrefix)
      let events = retention.maximumEvents ?? 1
      try ConfigurationError.require(events > 0, "retention.maximumEvents", "at least 1", events)
      let age = retention.maximumAge ?? .seconds(1)
      try ConfigurationError.require(age >= .milliseconds(1), "retention.maximumAge", "at least a millisecond", age)
      let expiry = retention.idleExpiry ?? .seconds(1)
      try ConfigurationError.require(expiry >= .seconds(1), "retention.idleExpiry", "at least a second", expiry)
      if case .replicas(let count, let time) = durability {
        try ConfigurationError.require((1...64).contains(count), "durability", "1 to 64 replicas", count)
        try ConfigurationError.require(time >= .milliseconds(1), "durability", "at least a millisecond", time)
      }
      try ConfigurationError.require(
        responseTimeout >= .milliseconds(1), "responseTimeout", "at least a millisecond", responseTimeout)
      try ConfigurationError.require(
        publishTimeout >= .milliseconds(1), "publishTimeout", "at least a millisecond", publishTimeout)
      try ConfigurationError.require(
        probeInterval >= .milliseconds(10), "probeInterval", "at least 10 milliseconds", probeInterval)
      try ConfigurationError.require(maximumWaitingBytes > 0, "maximumWaitingBytes", "at least 1", maximumWaitingBytes)
      try ConfigurationError.require(
        maximumReplyBytes >= 1 << 20, "maximumReplyBytes", "at least 1048576", maximumReplyBytes)
    }
  }
}
