import Synchronization

/// A hub's totals since its creation, and its current state. Each lane adds its counts after a run, so totals are exact
/// once the lanes are idle.
public struct HubStatistics: Sendable, Hashable {
  /// Open requests and streams, including those that wait for an authorizer.
  public var readers = 0
  /// Current channels.
  public var channels = 0
  /// Published events. An event for several channels counts once per channel.
  public var eventsPublished = 0
  /// The encoded bytes of published events.
  public var publishedBytes = 0
  /// Events and published comments delivered to readers, counted per reader.
  public var eventsDelivered = 0
  /// Delivered events that came from a repository.
  public var eventsReplayed = 0
  /// Bytes of events, comments and heartbeats that the stacks accepted.
  public var sentBytes = 0
  /// Events that were not delivered because a newer one replaced them within a coalescing window.
  public var eventsCoalesced = 0
  /// Gaps that were reported to readers.
  public var gaps = 0
  /// Events that slow readers skipped.
  public var eventsSkipped = 0
  /// Events that slow readers did not get because there was a newer one with the same key.
  public var eventsConflated = 0
  /// Opened streams.
  public var streamsOpened = 0
  /// Rejected requests.
  public var requestsRejected = 0
  /// Ended streams by reason.
  public var streamsEnded: [DisconnectReason: Int] = [:]
  /// Log segments evicted although a lane may not have offered them to its readers yet: as a last resort, or because
  /// older segments of the channel had to make room for its newest event. Readers that were not offered them get a gap
  /// event, or are disconnected and resume.
  public var evictedUnoffered = 0
  /// The number of times that a ``SharedEventRepository`` was asked for events that its feed had not delivered.
  public var refills = 0
  /// Publications that are waiting for a repository.
  public var waitingPublications = 0
  /// Bytes of logs, replays and waiting publications.
  public var retainedBytes = 0

  /// Streams that ended because the reader was too slow.
  public var streamsDropped: Int { streamsEnded.reduce(0) { $0 + ($1.key.isDrop ? $1.value : 0) } }

  init() {}
}

extension EventHub {
  /// A snapshot of the hub's statistics. Safe to read from any thread. It acquires several locks, so do not read it for
  /// every event.
  public var statistics: HubStatistics {
    // First: a stream is counted as ended before it leaves its place.
    let readers = admissions.total
    var statistics = counters.statistics
    statistics.readers = readers
    statistics.channels = channels.withLock { $0.count }
    statistics.waitingPublications = budget.waitingPublications
    statistics.retainedBytes = budget.bytesInUse
    return statistics
  }
}
