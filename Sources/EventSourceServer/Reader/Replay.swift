internal import EventSourceFormat

/// What one reader has missed of one channel, while that comes from a history. How far it is says the subscription's
/// state. Belongs to the lane's thread.
final class Replay {
  let source: any EventRepository
  /// The history is the channel's state, given once, instead of its events.
  let isSnapshot: Bool
  /// The last event that the reader has been given, and its encoding, if it came from here; nil: none, it is given
  /// everything.
  var lastEventID: EventID?
  var lastHash: BlockHash?
  /// The place in the log from which it goes on, if the history's last answer does not say better.
  let pin: LogSnapshot.Place
  /// What the history answered, in the state `answered`.
  var answer: Result<ReplayAnswer, any Error>?
  /// The history is being asked.
  var request: ReplaySlot?
  /// The events of the last answer that the reader has yet to be given, and where in the log it continues behind them,
  /// if that is known.
  var batch: ArraySlice<ServerSentEvent> = []
  var join: LogSnapshot.Place?
  /// The last events that the reader has been given.
  var tail = ReplayedTail()
  /// How often the history has said that events are missing; and whether it is being asked for all that it holds.
  var gaps = 0
  var isFromBeginning = false
  /// The log has evicted what the pin was on, and the history has been asked once more.
  var hasAskedAgain = false
  /// Since when the end of a recording is waited for.
  var pausedSince = Int64.never

  init(source: any EventRepository, isSnapshot: Bool = false, lastEventID: EventID? = nil, pin: LogSnapshot.Place) {
    self.source = source
    self.isSnapshot = isSnapshot
    self.lastEventID = lastEventID
    self.pin = pin
  }

  deinit { request?.cancel() }
}
