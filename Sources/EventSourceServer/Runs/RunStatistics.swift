/// Statistics of a collection of runs at one moment.
public struct RunStatistics: Sendable, Hashable {
  /// The number of runs of this process that have not ended.
  public var active = 0
  /// The number of runs of other processes that have not ended and are followed for viewers of this process.
  public var followed = 0
  /// The number of runs that ended and are still kept.
  public var retained = 0
  /// The memory that the runs' logs occupy, in bytes.
  public var bytes = 0
  /// The number of writes that wait for memory.
  public var waitingProducers = 0
  /// The number of runs started since the collection was created.
  public var started = 0
  /// The number of runs that ended, by outcome: `finished`, `failed`, `stopped`, and `interrupted` for runs that the
  /// history has without an end.
  public var ended: [String: Int] = [:]
}
