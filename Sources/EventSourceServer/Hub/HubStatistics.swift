import Synchronization

/// What a hub has done since it was made, and what it has now. Counts are exact once its lanes are idle; a lane adds
/// its own after each run.
public struct HubStatistics: Sendable, Hashable {
  /// Requests and streams that are open, with those that wait for an authorizer.
  public var readers = 0
  /// Channels that there are.
  public var channels = 0
  /// Events published; one for several channels is counted in each.
  public var published = 0
  /// The bytes of those, as encoded.
  public var publishedBytes = 0
  /// Events and published comments given to readers, counted for each reader.
  public var delivered = 0
  /// Those of them that came from a repository.
  public var replayed = 0
  /// The bytes that the stacks took: of events, comments and heartbeats.
  public var sentBytes = 0
  /// Events that readers were not given because a newer one took their place within a coalescing window.
  public var coalesced = 0
  /// Times a reader was told that events are missing.
  public var gaps = 0
  /// Events that slow readers were not given, of channels that let them skip to the newest.
  public var skipped = 0
  /// Events that slow readers were not given because there was a newer one of the same key.
  public var conflated = 0
  /// Streams that were opened.
  public var opened = 0
  /// Requests that were refused.
  public var refused = 0
  /// Streams that ended, by reason.
  public var ended: [DisconnectReason: Int] = [:]
  /// Segments of logs that were evicted before every lane had offered them to its readers, because the hub's memory was
  /// used up: the readers are told that events are missing, or are cut off and resume.
  public var evictedUnoffered = 0
  /// Publications that a repository has yet to record.
  public var waitingPublications = 0
  /// Bytes that logs, replays and publications that wait for a repository occupy.
  public var heldBytes = 0

  /// Streams that were cut off because the reader was too slow.
  public var dropped: Int { ended.reduce(0) { $0 + ($1.key.isDrop ? $1.value : 0) } }

  init() {}
}

extension EventHub {
  /// What the hub has done and has now. Any thread; takes locks for a moment, so not for every event.
  public var statistics: HubStatistics {
    var statistics = counters.statistics
    statistics.readers = admissions.total
    statistics.channels = channels.withLock { $0.count }
    statistics.waitingPublications = budget.waitingPublications
    statistics.heldBytes = budget.bytesInUse
    return statistics
  }
}
