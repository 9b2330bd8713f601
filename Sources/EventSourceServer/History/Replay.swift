internal import EventSourceFormat

/// Where one reader is in what it has missed of one channel, while that comes from the channel's repository.
struct Replay {
  /// So many events may be in a history before they are in the log.
  static let mostRecent = 256

  let repository: any EventRepository
  /// The last event that the reader has been given; nil: none, it is given everything.
  var lastEventID: EventID?
  /// The position in the log from which it goes on, if the repository's last answer does not say better.
  var pin: UInt64
  /// Whether the repository answers the same when it is asked again.
  var isRepeatable = true
  /// The repository has been asked and has not yet answered; or it is to be asked when others have their answers.
  var task: Task<Void, Never>?
  var isInLine = false
  /// What it answered, until the reader can be given it.
  var answer: Result<ReplayAnswer, any Error>?
  /// The events of the last answer that the reader has yet to be given, and where in the log it continues behind them,
  /// if that is known.
  var batch: ArraySlice<ServerSentEvent> = []
  var seam: UInt64?
  /// The IDs of the last events that it has been given, at most ``mostRecent``.
  var recentIDs: ArraySlice<String> = []
  /// How often the repository has said that events are missing; and whether it is being asked for all that it holds.
  var gaps = 0
  var isFromBeginning = false
  /// The repository is asked again at this moment, in the lane's nanoseconds: it may have had an event before the log.
  var pausedUntil = Int64.never
  /// The log gave up what the pin was on; the repository has been asked once more.
  var hasAskedAgain = false
}

extension ChannelLog {
  /// How a batch of a repository's events and the log fit together: how many events of the batch are to be sent before
  /// the reader continues in the log, and where; nil, if none of the batch is in the log.
  ///
  /// The log is continued after the *first* event of the batch that it holds: everything after that one is sent once,
  /// whatever the rest of the batch holds of it.
  func seam(
    in batch: [ServerSentEvent], sequence: (String) -> UInt64?, next: UInt64
  ) -> (count: Int, position: UInt64)? {
    func position(_ event: ServerSentEvent) -> UInt64? {
      event.id.flatMap { self.position(after: $0.rawValue, sequence: sequence($0.rawValue), next: next) }
    }
    // Two look-ups decide for nearly every batch that it lies before the log.
    guard let last = batch.last, position(last) != nil || holdsOldest(among: batch) else { return nil }
    for (index, event) in batch.enumerated() {
      if let position = position(event) { return (index + 1, position) }
    }
    return nil
  }

  private func holdsOldest(among batch: [ServerSentEvent]) -> Bool {
    guard let oldest = oldestID else { return false }
    return batch.contains { $0.id?.rawValue.utf8.elementsEqual(oldest.utf8) == true }
  }
}
