public import EventSourceServer

extension RedisEventRepository {
  /// The limits on the past events that each channel keeps.
  public struct Retention: Sendable, Hashable {
    /// The maximum number of events per channel. The server trims in blocks, so a channel may hold a few hundred more.
    /// `nil` means no limit.
    public var maximumEvents: Int? = 100_000
    /// The maximum age of events, by the server's clock. When an event is published to their channel, older ones are
    /// removed, with a tolerance of an eighth of this time. `nil` means no limit.
    public var maximumAge: Duration?
    /// The time after which a channel to which nothing is published is removed from the server, with all its events.
    /// `nil` means never.
    public var idleExpiry: Duration?

    /// Creates the default limits.
    public init() {}
  }

  /// The guarantee for an acknowledged publication.
  public enum Durability: Sendable, Hashable {
    /// The server has the event. The safety of the event depends on the server's settings. With `appendonly yes` and
    /// `appendfsync always` it is on disk. With `everysec`, a crash loses about the last second. Without an append-only
    /// file, a crash loses everything since the last snapshot. A failover loses what the replica did not have.
    case server
    /// The server and this number of its replicas have the event in memory. If fewer confirm in time, `publish` throws
    /// ``RedisHistoryError/tooFewReplicas(server:confirmed:required:)``, although the event is published. The time is
    /// at most the response timeout. Other publications to the same server wait meanwhile.
    case replicas(Int, within: Duration)
  }

  /// The settings of a history and its connections.
  public struct Configuration: Sendable, Hashable {
    /// The prefix of all keys and messages on the server. Processes that share channels must use the same prefix.
    public var keyPrefix = "eventsource:"
    /// The limits on the past events that each channel keeps.
    public var retention = Retention()
    /// The guarantee for an acknowledged publication.
    public var durability = Durability.server
    /// The maximum time for a reply, at most a day. After it, the connection is closed and opened again.
    public var responseTimeout = Duration.seconds(3)
    /// The maximum time for a publication, including repetitions after lost replies. At most an hour. The server
    /// remembers each batch for two minutes longer, so that a repetition never adds it twice. Keep it below the hub's
    /// `EventHub.Configuration.recordingTimeout`, so that the error names the reason.
    public var publishTimeout = Duration.seconds(8)
    /// The interval between checks. Each check looks for events whose messages were lost, in some of the channels. It
    /// also sends a message to the repository's own subscription, to detect a dead one. At most a day.
    public var probeInterval = Duration.seconds(1)
    /// The maximum number of bytes that wait to be sent to one server. Further publications fail with
    /// ``RedisHistoryError/overloaded(server:limit:)``.
    public var maximumWaitingBytes = 64 << 20
    /// The maximum size in bytes of one reply, at least 4 MiB. A server that sends more is disconnected. A batch of
    /// events that would exceed it is not recorded, so use the same value in every process.
    public var maximumReplyBytes = 64 << 20

    /// Creates the default configuration.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require(
        (0...255).contains(keyPrefix.utf8.count), "keyPrefix", "at most 255 bytes", keyPrefix)
      let events = retention.maximumEvents ?? 1
      try ConfigurationError.require(events > 0, "retention.maximumEvents", "at least 1", events)
      let century = Duration.seconds(36_500 * 86_400)
      try Self.require(
        retention.maximumAge ?? century, in: .milliseconds(1)...century, "retention.maximumAge",
        "1 millisecond to 36,500 days")
      try Self.require(
        retention.idleExpiry ?? century, in: .seconds(1)...century, "retention.idleExpiry", "1 second to 36,500 days")
      try Self.require(
        responseTimeout, in: .milliseconds(1)...(.seconds(86_400)), "responseTimeout", "1 millisecond to a day")
      try Self.require(
        publishTimeout, in: .milliseconds(1)...(.seconds(3600)), "publishTimeout", "1 millisecond to an hour")
      try Self.require(
        probeInterval, in: .milliseconds(10)...(.seconds(86_400)), "probeInterval", "10 milliseconds to a day")
      if case .replicas(let count, let time) = durability {
        try ConfigurationError.require((1...64).contains(count), "durability", "1 to 64 replicas", count)
        try Self.require(
          time, in: .milliseconds(1)...max(.milliseconds(1), responseTimeout), "durability",
          "1 millisecond to the response timeout")
      }
      try ConfigurationError.require(maximumWaitingBytes > 0, "maximumWaitingBytes", "at least 1", maximumWaitingBytes)
      try ConfigurationError.require(
        maximumReplyBytes >= 4 << 20, "maximumReplyBytes", "at least 4194304", maximumReplyBytes)
    }

    private static func require(
      _ time: Duration, in range: ClosedRange<Duration>, _ property: String, _ allowed: String
    ) throws(ConfigurationError) {
      try ConfigurationError.require(range.contains(time), property, allowed, time)
    }

    /// The time in seconds for which a server keeps the token of a batch.
    var tokenLife: Int { Int(publishTimeout.asNanoseconds / 1_000_000_000) + 1 + 120 }
  }
}
