public import EventSourceServer

extension SQLiteEventRepository {
  /// When what has been published is safe from a power cut. From a killed process it is safe in either case, at once.
  public enum Durability: Sendable, Hashable {
    /// A publication returns when it is on the disk. A power cut loses nothing that was acknowledged.
    ///
    /// Publications that wait together, in all channels, share one flush of the disk.
    case everyCommit
    /// A publication returns when the system has it; the disk is flushed so often. A power cut, or a crash of the
    /// system, loses at most what was published within about this time before it, and the file stays sound.
    case interval(Duration)
  }

  /// How much of its past each channel keeps. What exceeds a limit is evicted little by little, with what is added and
  /// in idle moments, so that for a while about an eighth more may be held.
  public struct Retention: Sendable, Hashable {
    /// Events per channel; nil: any number.
    public var maximumEvents: Int? = 100_000
    /// Bytes of data, IDs and types per channel; the newest event is kept even if it has more. nil: any number.
    public var maximumBytes: Int? = 64 << 20
    /// How old events get, by the system's clock; nil: as old as they like. They go within an eighth of this time
    /// after they have reached it, at most a minute, if the process that writes the history runs.
    public var maximumAge: Duration?

    /// The defaults.
    public init() {}
  }

  /// How a history is kept.
  public struct Configuration: Sendable, Hashable {
    /// When what has been published is safe from a power cut.
    public var durability = Durability.everyCommit
    /// How much of its past each channel keeps.
    public var retention = Retention()
    /// The most that the file may have; nil: what the disk has. Then additions fail with
    /// ``SQLiteHistoryError/Code/full``, until the retention has made room. The write-ahead log comes on top, some
    /// mebibytes.
    public var maximumFileBytes: Int?
    /// How many readers' questions are answered at the same time, each by a connection of its own.
    public var readers = 2
    /// How long to wait for another process that keeps the file locked; for an addition at most three quarters of
    /// ``additionTimeout``.
    public var busyTimeout = Duration.seconds(5)
    /// How long an addition takes at the most, with the time for which it waits for others. Then it fails with
    /// ``SQLiteHistoryError/Code/timedOut`` or, if the disk does not return, ``SQLiteHistoryError/Code/undecided``.
    public var additionTimeout = Duration.seconds(30)
    /// The most memory that additions may take while they wait, in bytes. One that exceeds it is taken alone; others
    /// fail with ``SQLiteHistoryError/Code/overloaded``.
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
      try ConfigurationError.require((1...64).contains(readers), "readers", "1 to 64", readers)
      try ConfigurationError.require(busyTimeout >= .zero, "busyTimeout", "zero or more", busyTimeout)
      try ConfigurationError.require(additionTimeout > .zero, "additionTimeout", "more than zero", additionTimeout)
      try ConfigurationError.require(
        maximumWaitingBytes > 0, "maximumWaitingBytes", "at least 1", maximumWaitingBytes)
    }

    /// An addition that finds the file locked says so itself, before its time is over.
    var writersBusyTimeout: Duration { min(busyTimeout.asTimeLimit, additionTimeout.asTimeLimit * 3 / 4) }
  }
}
