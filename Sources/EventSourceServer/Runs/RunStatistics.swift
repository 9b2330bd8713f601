/// How the runs of a collection do at one moment.
public struct RunStatistics: Sendable, Hashable {
  /// Runs that are being written.
  public var active = 0
  /// Runs that are over and still kept.
  public var retained = 0
  /// The memory that the runs' logs occupy, in bytes.
  public var bytes = 0
  /// Producers that wait for memory.
  public var waitingProducers = 0
  /// Runs started since the collection was created.
  public var started = 0
  /// Runs that ended, by how: `finished`, `failed`, `stopped`, and `interrupted` for those found so in the history.
  public var ended: [String: Int] = [:]
}
