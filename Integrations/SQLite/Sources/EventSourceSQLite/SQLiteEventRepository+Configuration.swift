public import EventSourceServer

extension SQLiteEventRepository {
  /// The protection of published events against power failures. In either case, they survive a killed process
  /// immediately.
  public enum Durability: Sendable, Hashable {
    /// A publication returns when the event is on the disk. A power failure loses no acknowledged event.
    ///
    /// Publications that are waiting at the same time share one disk flush, whatever their channels.
    case everyCommit
    /// A publication returns when the operating system has the event. The disk is flushed at this interval. A power
    /// failure or a system crash loses at most about the last interval. The file stays sound.
    case interval(Duration)
  }

  /// The limits on the past events that each channel keeps. Events beyond a limit are evicted gradually, during
  /// additions and when idle, so a channel may temporarily hold about an eighth more.
  public struct Retention: Sendable, Hashable {
    /// The maximum number of events per channel. `nil` means no limit.
    public var maximumEvents: Int? = 100_000
    /// The maximum bytes of data, IDs and types per channel. The newest event is kept even if it is larger. `nil` means
    /// no limit.
    public var maximumBytes: Int? = 64 << 20
    /// The maximum age of events, by the system clock. `nil` means no limit. While the writing process runs, older
    /// events are evicted within an eighth of this time, at most a minute.
    public var maximumAge: Duration?

    /// The defaults.
    public init() {}
  }

  /// The settings of a history.
  public struct Configuration: Sendable, Hashable {
    /// The protection of published events against power failures.
    public var durability = Durability.everyCommit
    /// The limits on the past events that each channel keeps.
    public var retention = Retention()
    /// The maximum size of the file, in bytes. `nil` means that the disk is the limit. At the limit, additions fail
    /// with ``SQLiteHistoryError/Code/full`` until retention has made room. The write-ahead log adds a few mebibytes.
    public var maximumFileBytes: Int?
    /// The number of reads that run at the same time, each over its own connection.
    public var connections = 2
    /// The maximum wait while another process has the file locked. An addition waits at most three quarters of
    /// ``additionTimeout``.
    public var busyTimeout = Duration.seconds(5)
    /// The maximum duration of an addition, including the time it waits for others. After that it fails with
    /// ``SQLiteHistoryError/Code/timedOut`` or, if the disk does not respond, ``SQLiteHistoryError/Code/undecided``.
    public var additionTimeout = Duration.seconds(30)
    /// The maximum memory of waiting additions, in bytes. An addition larger than this is accepted when no other is
    /// waiting; otherwise it fails with ``SQLiteHistoryError/Code/overloaded``.
    public var maximumWaitingBytes = 64 << 20

    /// The defaults.
    public init() {}

    /// Checks every value.
    public func validate() throws(ConfigurationError) {
      if case .interval(let interval) = durability {
        try ConfigurationError.require(interval > .zero, "durability", "an interval of more than zero", interval)
      }
      let events = retention.maximumEvents ?? 1
      try ConfigurationError.require(events > 0, "retention.maximumEvents", "at least 1", events)
      let bytes = retention.maximumBytes ?? 1
      try ConfigurationError.require(bytes > 0, "retention.maximumBytes", "at least 1", bytes)
      let age = retention.maximumAge ?? .seconds(1)
      try ConfigurationError.require(age > .zero, "retention.maximumAge", "more than zero", age)
      let fileBytes = maximumFileBytes ?? 1 << 20
      try ConfigurationError.require(fileBytes >= 64 << 10, "maximumFileBytes", "at least 65536", fileBytes)
      try ConfigurationError.require((1...64).contains(connections), "connections", "1 to 64", connections)
      try ConfigurationError.require(busyTimeout >= .zero, "busyTimeout", "zero or more", busyTimeout)
      try ConfigurationError.require(additionTimeout > .zero, "additionTimeout", "more than zero", additionTimeout)
      try ConfigurationError.require(
        maximumWaitingBytes > 0, "maximumWaitingBytes", "at least 1", maximumWaitingBytes)
    }

    /// Shorter than the addition's own timeout, so that an addition that finds the file locked reports that.
    var writersBusyTimeout: Duration { min(busyTimeout.asTimeLimit, additionTimeout.asTimeLimit * 3 / 4) }
  }
}
