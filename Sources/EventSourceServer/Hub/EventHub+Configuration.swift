extension EventHub {
  /// Limits and rules for a hub. Every number has a default that suits a small server.
  public struct Configuration: Sendable {
    /// How channels are created.
    public enum ChannelCreation: Sendable, Hashable {
      /// The application opens them. Readers of other names get 404, and publishers an error.
      case explicit
      /// On demand, by the first reader or publisher. A channel without readers and retained events is forgotten.
      case onDemand
    }

    /// How channels are created.
    public var channelCreation = ChannelCreation.explicit
    /// The maximum number of channels at a time.
    public var maximumChannels = 100_000
    /// The limits of each channel's log, unless the channel has its own.
    public var retention = Retention()
    /// The rules of channels that are opened without rules of their own.
    public var channelDefaults = ChannelConfiguration()
    /// Provides a repository for every channel, including those created on demand. `nil` means that only channels with
    /// a registered repository have one. To use one history for all channels: `{ _ in history }`.
    ///
    /// Called with the name of each channel before it can be read or published to. Return `nil` for a channel without a
    /// history. ``EventHub/setRepository(_:for:)`` and ``EventHub/removeRepository(for:disconnectingReaders:)`` take
    /// precedence. The hub calls it from any thread, sometimes more than once for a channel, so return the same object
    /// each time. It must return quickly and must not call the hub.
    public var repositoryProvider: (@Sendable (ChannelName) -> (any EventRepository)?)?
    /// Observers of which channels have readers and of every reader that arrives or leaves. Without observers this
    /// costs nothing.
    public var occupancyObservers: [any OccupancyObserver] = []
    /// The time for which a channel still counts as occupied after its last reader has left, so that a reconnecting
    /// reader changes nothing. Zero disables it.
    public var occupancyLinger: Duration = .zero
    /// The maximum bytes of all logs, replays and waiting publications together. Beyond it, the oldest events of the
    /// hub are evicted.
    public var memoryLimit = 256 << 20
    /// The maximum encoded size of an event, in bytes.
    public var maximumEventBytes = 16 << 20
    /// The maximum number of concurrent streams of the hub. Further requests get 503.
    public var maximumReaders = 100_000
    /// The maximum number of concurrent streams per channel. Further requests get 503. `nil` means no limit.
    public var maximumReadersPerChannel: Int?
    /// The maximum number of concurrent streams per caller. Callers are identified by the authorizer's identity or,
    /// without one, by peer address. Further requests get 429. `nil` means no limit. Without an authorizer, do not set
    /// it if all peers are behind one proxy.
    public var maximumReadersPerCaller: Int?
    /// The maximum time that a recording repository may take for a batch. After it, publishers get
    /// ``PublishError/outcomeUnknown(_:)``.
    public var recordingTimeout: Duration = .seconds(10)
    /// The time for which a channel with a ``SharedEventRepository`` is followed after its last reader has left. A
    /// reader that returns within this time is served from the log.
    public var followLinger: Duration = .seconds(30)
    /// The time for which the streams of a shared channel stay open while its repository reports that its feed cannot
    /// be trusted, for example because the store is unreachable. After it, readers are disconnected with a `retry`.
    /// `nil` keeps them connected.
    public var staleLimit: Duration?
    /// The executor on which authorizers and repositories are called. `nil` means the global executor. Tests can pass
    /// one that they step manually.
    public var taskExecutor: (any TaskExecutor)?
    /// A prefix of generated IDs, 1 to 32 letters and digits, before the hub's random part. `nil` means none.
    public var idPrefix: String?
    /// The seed of all randomness in the hub, for reproducible tests. `nil` uses a random seed.
    public var seed: UInt64?

    /// The defaults.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require(maximumChannels > 0, "maximumChannels", "at least 1", maximumChannels)
      try retention.validate()
      try channelDefaults.validate()
      try ConfigurationError.require(occupancyLinger >= .zero, "occupancyLinger", "zero or more", occupancyLinger)
      try ConfigurationError.require(
        recordingTimeout >= .milliseconds(1), "recordingTimeout", "at least a millisecond", recordingTimeout)
      try ConfigurationError.require(followLinger >= .zero, "followLinger", "zero or more", followLinger)
      try ConfigurationError.require(
        (staleLimit ?? .seconds(1)) >= .milliseconds(1), "staleLimit", "at least a millisecond", staleLimit ?? .zero)
      try ConfigurationError.require(memoryLimit >= 64 << 10, "memoryLimit", "at least 65536", memoryLimit)
      try ConfigurationError.require(
        (64...(1 << 30)).contains(maximumEventBytes), "maximumEventBytes", "64 to 1073741824", maximumEventBytes
      )
      try ConfigurationError.require(maximumReaders > 0, "maximumReaders", "at least 1", maximumReaders)
      let perChannel = maximumReadersPerChannel ?? 1
      try ConfigurationError.require(perChannel > 0, "maximumReadersPerChannel", "at least 1", perChannel)
      let perCaller = maximumReadersPerCaller ?? 1
      try ConfigurationError.require(perCaller > 0, "maximumReadersPerCaller", "at least 1", perCaller)
      if let idPrefix {
        let isWellFormed =
          (1...32).contains(idPrefix.utf8.count)
          && idPrefix.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
              || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          }
        try ConfigurationError.require(isWellFormed, "idPrefix", "1 to 32 letters and digits", idPrefix)
      }
    }
  }
}

/// An invalid value in a configuration.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The property.
  public let property: String
  /// The allowed values.
  public let allowed: String
  /// The actual value.
  public let value: String

  /// A one-line description.
  public var description: String { "\(property) is \(value); allowed is \(allowed)" }

  package static func require(
    _ condition: Bool, _ property: String, _ allowed: String, _ value: some CustomStringConvertible
  ) throws(ConfigurationError) {
    guard condition else {
      throw ConfigurationError(property: property, allowed: allowed, value: value.description)
    }
  }
}
