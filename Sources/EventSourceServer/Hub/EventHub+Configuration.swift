extension EventHub {
  /// Limits and rules for a hub. Every number has a default that suits a small server.
  public struct Configuration: Sendable {
    /// Which channels there are.
    public enum ChannelCreation: Sendable, Hashable {
      /// Those that were opened: another name is refused to readers (404) and to publishers.
      case declared
      /// Any: a channel is made for its first reader or publisher, and forgotten when it has neither readers nor past.
      case onDemand
    }

    /// Which channels there are.
    public var channelCreation = ChannelCreation.declared
    /// The most channels at a time.
    public var maximumChannels = 100_000
    /// How much of its past each channel's log holds.
    public var log = LogLimits()
    /// The rules of channels that are opened without rules of their own.
    public var channelDefaults = ChannelConfiguration()
    /// Gives every channel a history, also those that are made on demand; nil: a channel has the one that was
    /// registered for it, if any. For one history of all channels: `{ _ in history }`.
    ///
    /// Called with the name of each channel that is opened or made, before anybody can read it or publish to it; nil
    /// for a channel without a history. ``EventHub/register(_:for:)`` and
    /// ``EventHub/unregister(_:disconnectingReaders:)`` go before it. Any thread, sometimes more than once for a
    /// channel, so return the same object each time. It must be quick, and not call the hub.
    public var repositoryProvider: (@Sendable (ChannelName) -> (any EventRepository)?)?
    /// Who is told which channels are read, and by whom. Without observers nothing is kept in mind for them.
    public var occupancyObservers: [any OccupancyObserver] = []
    /// For how long a channel counts as occupied after its last reader has left, so that one that reconnects changes
    /// nothing. Zero: not at all.
    public var occupancyLinger: Duration = .zero
    /// The bytes of all logs and replays together. When they are exceeded, the oldest events of the whole hub are given
    /// up.
    public var maximumBytes = 256 << 20
    /// The largest event, encoded, that is published.
    public var maximumEventBytes = 16 << 20
    /// The most streams at a time in the hub; one more is refused with 503.
    public var maximumReaders = 100_000
    /// The most streams at a time that read one channel; one more is refused with 503. nil: no limit of its own.
    public var maximumReadersPerChannel: Int?
    /// The most streams at a time for one caller, by the identity that the authorizer named, else by the peer's
    /// address; one more is refused with 429. nil: no limit. Set it without an authorizer only where peers are not
    /// behind one proxy.
    public var maximumReadersPerCaller: Int?
    /// How long a recording repository may take for one batch; then its publishers are told
    /// ``PublishError/outcomeUnknown(_:)``.
    public var recordingTimeout: Duration = .seconds(10)
    /// Where authorizers and repositories are called; nil: the global executor. A test passes one that it steps by
    /// hand.
    public var taskExecutor: (any TaskExecutor)?
    /// What generated IDs begin with, 1 to 32 letters and digits, before what is made at random for each hub; nil:
    /// nothing.
    public var epoch: String?
    /// Makes what is random repeatable; nil: not repeatable.
    public var seed: UInt64?

    /// The defaults.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require(maximumChannels > 0, "maximumChannels", "at least 1", maximumChannels)
      try log.validate()
      try channelDefaults.validate()
      try ConfigurationError.require(occupancyLinger >= .zero, "occupancyLinger", "zero or more", occupancyLinger)
      try ConfigurationError.require(
        recordingTimeout >= .milliseconds(1), "recordingTimeout", "at least a millisecond", recordingTimeout)
      try ConfigurationError.require(maximumBytes >= 64 << 10, "maximumBytes", "at least 65536", maximumBytes)
      try ConfigurationError.require(
        (64...(1 << 30)).contains(maximumEventBytes), "maximumEventBytes", "64 to 1073741824", maximumEventBytes
      )
      try ConfigurationError.require(maximumReaders > 0, "maximumReaders", "at least 1", maximumReaders)
      let perChannel = maximumReadersPerChannel ?? 1
      try ConfigurationError.require(perChannel > 0, "maximumReadersPerChannel", "at least 1", perChannel)
      let perCaller = maximumReadersPerCaller ?? 1
      try ConfigurationError.require(perCaller > 0, "maximumReadersPerCaller", "at least 1", perCaller)
      if let epoch {
        let isWellFormed =
          (1...32).contains(epoch.utf8.count)
          && epoch.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
              || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          }
        try ConfigurationError.require(isWellFormed, "epoch", "1 to 32 letters and digits", epoch)
      }
    }
  }
}

/// A configuration has a value that is not allowed.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The property.
  public let property: String
  /// What it may be.
  public let allowed: String
  /// What it is.
  public let value: String

  /// One line for a person.
  public var description: String { "\(property) is \(value); allowed is \(allowed)" }

  package static func require(
    _ condition: Bool, _ property: String, _ allowed: String, _ value: some CustomStringConvertible
  ) throws(ConfigurationError) {
    guard condition else {
      throw ConfigurationError(property: property, allowed: allowed, value: value.description)
    }
  }
}
