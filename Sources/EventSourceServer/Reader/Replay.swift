internal import EventSourceFormat

/// A replay of one channel's missed events to one reader, from a history. The subscription's state records its
/// progress. Confined to the lane's thread.
final class Replay {
  let source: any EventRepository
  /// Whether the history is a snapshot, sent once, instead of past events.
  let isSnapshot: Bool
  /// The last event sent to the reader, and its encoding if it came from this history. `nil` if the reader gets
  /// everything.
  var lastEventID: EventID?
  var lastHash: BlockHash?
  /// Where in the log to continue, unless the history's last result leads to a later place.
  let pin: LogSnapshot.Place
  /// The newest event that the log had evicted when the reader came. A history that ends before it is behind the log.
  let evicted: EvictedEvent
  /// Whether the reader has that event.
  var hasEvicted: Bool
  /// The log's end when the history was last asked.
  var logEndWhenAsked: LogSnapshot.Place
  /// The history's answer, in the state `answered`.
  var answer: Result<ReplayResult, any Error>?
  /// The request to the history that is in progress.
  var request: ReplaySlot?
  /// The events of the last answer that have not been sent, and where in the log to continue after them, if known.
  var batch: ArraySlice<ServerSentEvent> = []
  var join: LogSnapshot.Place?
  /// The last events sent to the reader.
  var tail = ReplayedTail()
  /// The number of gaps that the history has reported, and whether it is being asked for everything it has.
  var gaps = 0
  var isFromBeginning = false
  /// Whether the reader has nothing of the channel and gets a gap event unless the history still has every event.
  var needsEveryEvent = false
  /// Whether the log has evicted the pinned place and the history has been asked again.
  var hasAskedAgain = false
  /// The time at which it began to wait for the end of a recording.
  var pausedSince = Int64.never

  /// Creates a replay of past events, after which the log continues from its start.
  init(source: any EventRepository, lastEventID: EventID? = nil, before log: LogSnapshot) {
    self.source = source
    isSnapshot = false
    self.lastEventID = lastEventID
    pin = log.startPlace
    evicted = log.newestEvicted
    hasEvicted = evicted.ordinal == 0
    logEndWhenAsked = pin
  }

  /// Creates a replay of a snapshot, after which the log continues from its end.
  init(snapshotOf provider: any SnapshotProvider, before log: LogSnapshot) {
    source = SnapshotHistory(provider)
    isSnapshot = true
    pin = log.endPlace
    evicted = EvictedEvent()
    hasEvicted = true
    logEndWhenAsked = pin
  }

  deinit { request?.cancel() }
}
