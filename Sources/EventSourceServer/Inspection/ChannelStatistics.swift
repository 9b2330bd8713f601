import Synchronization

public import EventSourceFormat

/// A snapshot of one channel's log and readers. Counts of readers are exact once the lanes are idle.
public struct ChannelStatistics: Sendable, Hashable {
  /// The channel.
  public var name: ChannelName
  /// Streams that read the channel, including requests that wait for its repository before they become streams.
  public var readers = 0
  /// Those readers that are being replayed missed events from the channel's repository.
  public var replayingReaders = 0
  /// Those readers for which events in the log are waiting: because they receive more slowly than events are published,
  /// have just resumed, or are in a coalescing window.
  public var readersBehind = 0
  /// Events and comments published since the channel was opened.
  public var eventsPublished: UInt64 = 0
  /// Events and comments that the log retains.
  public var retainedEvents = 0
  /// The memory that the log occupies, in bytes.
  public var retainedBytes = 0
  /// The ID of the oldest retained event, or `nil` if there is none.
  public var oldestID: EventID?
  /// The ID of the newest event, or `nil` if it is not retained.
  public var newestID: EventID?
  /// The time since the last publication that the log retains, by the lanes' clocks. `nil` if it retains none.
  public var timeSinceLastPublication: Duration?
  /// Whether the channel has a history.
  public var hasRepository = false
  /// Whether the channel's history is shared and the hub currently follows it, so that events from other processes
  /// arrive.
  public var isFollowed = false
  /// Whether the shared history reports that its feed cannot be trusted at present.
  public var isStale = false
  /// Publications that wait for the channel's repository to record them.
  public var waitingPublications = 0
}

extension EventHub {
  /// Returns a snapshot of a channel's log and readers, or `nil` if there is no such channel. Safe to call from any
  /// thread. Takes the channel's lock briefly, so do not call it for every event.
  public func statistics(of name: ChannelName) -> ChannelStatistics? {
    channels.withLock { $0[name] }.map { statistics(of: $0) }
  }

  func statistics(of channel: EventChannel) -> ChannelStatistics {
    var statistics = ChannelStatistics(name: channel.name)
    let now = now
    let (log, audiences, recording) = channel.withState { state in
      statistics.readers = state.readers
      statistics.hasRepository = state.history != nil
      statistics.isFollowed = state.follower?.isFollowing ?? false
      statistics.isStale = state.follower?.isStale ?? false
      statistics.retainedBytes = state.log.allocatedBytes
      statistics.timeSinceLastPublication = state.log.segments.last.map { .nanoseconds(max(0, now - $0.lastAppend)) }
      return (LogSnapshot(state.log), state.audiences, state.recording)
    }
    statistics.eventsPublished = log.endOrdinal
    statistics.retainedEvents = Int(log.endOrdinal - log.startOrdinal)
    statistics.oldestID = log.oldestEventID.map(EventID.init(unchecked:))
    statistics.newestID = log.newestEvent.flatMap { log.id(at: $0.position) }.map(EventID.init(unchecked:))
    statistics.waitingPublications = recording?.count ?? 0
    for audience in audiences {
      let (waiting, replaying) = audience.readersNotLive
      statistics.replayingReaders += replaying
      statistics.readersBehind += max(0, waiting - replaying)
    }
    return statistics
  }
}
