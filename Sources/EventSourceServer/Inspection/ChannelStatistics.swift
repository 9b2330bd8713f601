import Synchronization

public import EventSourceFormat

/// What one channel holds, and how its readers do, at one moment. Counts of readers are exact once the lanes are idle.
public struct ChannelStatistics: Sendable, Hashable {
  /// The channel.
  public var name: ChannelName
  /// Streams that read the channel, with requests that wait for its repository before they become one.
  public var readers = 0
  /// Those of them that are given what they missed from the channel's repository.
  public var replayingReaders = 0
  /// Those of them for which events of the log wait: because they take less than is published, have just resumed, or
  /// because their coalescing window has not ended.
  public var readersBehind = 0
  /// Events and comments published since the channel was opened.
  public var eventsPublished: UInt64 = 0
  /// Events and comments that the log holds.
  public var retainedEvents = 0
  /// The memory that the log occupies, in bytes.
  public var retainedBytes = 0
  /// The ID of the oldest event that the log holds; nil: it holds none.
  public var oldestID: EventID?
  /// The ID of the newest event that the log holds; nil: it holds none.
  public var newestID: EventID?
  /// The time since the last publication that the log holds, by the clocks of the lanes; nil: it holds none.
  public var timeSinceLastPublication: Duration?
  /// Whether the channel has a history.
  public var hasRepository = false
  /// Whether the channel's history is shared and what other processes publish comes in, because it is read here.
  public var isFollowed = false
  /// Whether the shared history says that what it tells cannot be trusted at present.
  public var isStale = false
  /// Publications that the channel's repository has yet to record.
  public var waitingPublications = 0
}

extension EventHub {
  /// What a channel holds and how its readers do; nil: there is no such channel. Any thread; takes the channel's lock
  /// for a moment, so not for every event.
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
