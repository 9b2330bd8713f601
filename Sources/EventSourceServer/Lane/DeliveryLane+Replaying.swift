import Synchronization

internal import EventSourceFormat

/// Replay of events that a reader missed and the log no longer retains. They are requested from a history in batches,
/// one at a time, and sent to the reader in pieces at its own pace.
extension DeliveryLane {
  /// The limits of one batch.
  private static let batchEvents = 256
  static let batchBytes = 64 << 10
  /// The maximum number of gaps that a history may report in one replay.
  private static let mostGaps = 8
  /// The time between two checks for the end of a recording, and the maximum time to wait for it.
  static let recordingPause: Int64 = 20_000_000
  static let recordingTime: Int64 = 30_000_000_000
  /// The maximum time of one request to a history, and the maximum time to wait for a slot while none becomes free.
  private static let answerTime: Int64 = 30_000_000_000
  /// The maximum number of a history's late results. Beyond it, the history gets no more requests.
  private static let mostLateAnswers = 64

  /// Takes the next step of a replay whose reader accepts bytes.
  func continueReplay(of subscription: Subscription) {
    guard let replay = subscription.replay, case .replaying(let step) = subscription.state else { return }
    switch step {
    case .due: ask(for: subscription)
    case .answered: useAnswer(for: subscription)
    case .sending where !replay.batch.isEmpty: sendPiece(to: subscription)
    case .sending: endBatch(of: subscription)
    case .queued, .asked, .paused: return
    }
  }

  /// Handles a stalled reader. Discards fetched events that the reader has not received. They are requested again
  /// later.
  func releaseBatch(of subscription: Subscription) {
    guard let replay = subscription.replay, !replay.isSnapshot else { return }
    switch subscription.state {
    case .replaying(.sending), .replaying(.answered):
      replay.batch = []
      replay.join = nil
      replay.answer = nil
      apply(.replay(.due), to: subscription)
    default: return
    }
  }

  func ask(for subscription: Subscription) {
    guard let replay = subscription.replay, !isRefused(subscription) else { return }
    if case .taken(let slot) = hub.replaySlots.take(for: subscription.channel, lane: mailbox) {
      return ask(for: subscription, replay, slot)
    }
    replayQueue.append(subscription)
    apply(.replay(.queued(until: now + Self.answerTime)), to: subscription)
  }

  /// Ends a replay whose history has too many late results.
  private func isRefused(_ subscription: Subscription) -> Bool {
    guard subscription.channel.lateAnswers.load(ordering: .relaxed) >= Self.mostLateAnswers else { return false }
    apply(.historyFailed, to: subscription)
    return true
  }

  private func ask(for subscription: Subscription, _ replay: Replay, _ slot: ReplaySlot) {
    replay.logEndWhenAsked = subscription.channel.endPlace
    let session = subscription.session
    let request = ReplayRequest(
      channel: subscription.channel.name, lastEventID: replay.lastEventID,
      maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes
    )
    replay.request = slot
    slot.begin(
      Task(executorPreference: hub.configuration.taskExecutor) {
        [mailbox, source = replay.source, needsEveryEvent = replay.needsEveryEvent] in
        let answer: Result<ReplayResult, any Error>
        do {
          answer = .success(
            try await needsEveryEvent ? source.everyEvent(for: request) : source.events(for: request))
        } catch {
          answer = .failure(error)
        }
        if slot.answered() { mailbox.post(.replayed(session, subscription, slot, answer)) }
      })
    apply(.replay(.asked(until: now + Self.answerTime)), to: subscription)
  }

  /// Handles a history's result from the mailbox.
  func replayed(
    _ session: EventStreamSession, _ subscription: Subscription, _ slot: ReplaySlot,
    _ answer: Result<ReplayResult, any Error>
  ) {
    guard !session.isFinished, let replay = subscription.replay, replay.request === slot else { return }
    replay.request = nil
    replay.answer = answer
    apply(.replay(.answered), to: subscription)
    if case .resuming = session.phase { answeredBeforeHead(session, subscription) }
    // A stalled connection must not hold the events in memory.
    if session.isBlocked { releaseBatch(of: subscription) }
  }

  /// Gives the free slots to waiting subscriptions. The cost is proportional to the slots, not to what waits.
  func useFreeSlots() {
    slotWasFreeAt = now
    // The channels in turn that have as many slots as they may have: at most two in all.
    var channelsWithMost = 0
    while channelsWithMost < replayQueue.channelCount, let subscription = replayQueue.popFirst() {
      guard case .replaying(.queued) = subscription.state, let replay = subscription.replay else { continue }
      guard !subscription.session.isBlocked else {
        // It asks when the connection accepts bytes again.
        apply(.replay(.due), to: subscription)
        continue
      }
      guard !isRefused(subscription) else { continue }
      switch hub.replaySlots.take(for: subscription.channel, lane: mailbox) {
      case .taken(let slot):
        ask(for: subscription, replay, slot)
        channelsWithMost = 0
      case .channelHasMost:
        replayQueue.prepend(subscription)
        channelsWithMost += 1
      case .noneIsFree: return replayQueue.prepend(subscription)
      }
    }
  }

  /// Handles a subscription that has waited long for a slot. While others get slots, it waits on.
  ///
  /// - Returns: Whether it waits on.
  func waitsOnForSlot(_ subscription: Subscription) -> Bool {
    guard case .replaying(.queued) = subscription.state, slotWasFreeAt > now - Self.answerTime else { return false }
    apply(.replay(.queued(until: slotWasFreeAt + Self.answerTime)), to: subscription)
    return true
  }

  private func useAnswer(for subscription: Subscription) {
    guard let replay = subscription.replay, let answer = replay.answer else { return }
    replay.answer = nil
    switch answer {
    case .success(.contiguous(let events)): use(events, for: subscription)
    case .success(.gap(let events)): eventsAreMissing(subscription, available: events)
    case .success(.unknownID):
      guard replay.lastEventID != nil, !replay.isFromBeginning else { return historyEnded(subscription) }
      eventsAreMissing(subscription, available: nil)
    case .failure(let error):
      hub.log(.error, "a repository failed; the reader is disconnected and can resume") {
        [("channel", subscription.channel.name.rawValue), ("error", "\(error)")]
      }
      leave(subscription.session, .repositoryFailed)
    }
  }

  /// Handles a history that no longer has every event. The reader gets a gap event and continues by the endpoint's gap
  /// policy.
  ///
  /// - Parameter available: The earliest events of the history. `nil` if they must be requested.
  private func eventsAreMissing(_ subscription: Subscription, available: [ServerSentEvent]?) {
    guard let replay = subscription.replay else { return }
    guard replay.gaps < Self.mostGaps else {
      hub.log(.error, "a repository reported too many gaps; the reader is disconnected") {
        [("channel", subscription.channel.name.rawValue)]
      }
      return leave(subscription.session, .repositoryFailed)
    }
    replay.gaps += 1
    sendGap(to: subscription, replay, earliest: available?.first?.id?.rawValue)
    switch subscription.session.handler.configuration.gapPolicy {
    case .replayAvailable, .reject:
      replay.isFromBeginning = true
      replay.needsEveryEvent = false
      replay.lastEventID = nil
      replay.lastHash = nil
      if let available { use(available, for: subscription) } else { apply(.replay(.due), to: subscription) }
    case .liveOnly:
      let log = subscription.channel.snapshot()
      join(subscription, at: log.endPlace)
    case .snapshot(let provider):
      askForSnapshot(provider, for: subscription)
    }
  }

  /// Requests the state as a history with a single batch. The log continues after it: from the event that the state
  /// names, or from now.
  func askForSnapshot(_ provider: any SnapshotProvider, for subscription: Subscription) {
    subscription.replay = Replay(snapshotOf: provider, before: subscription.channel.snapshot())
    apply(.replay(.due), to: subscription)
  }

  /// Uses a batch of events. The reader continues in the log after the *first* event of the batch that the log also
  /// has, so later events are sent once, even if the batch contains them.
  private func use(_ events: [ServerSentEvent], for subscription: Subscription) {
    guard let replay = subscription.replay else { return }
    let log = subscription.channel.snapshot()
    var count = events.count
    replay.join = nil
    // The reader's last event may have reached the log since.
    if !replay.isSnapshot, let id = replay.lastEventID,
      let place = hub.place(after: id.rawValue, in: log, of: subscription.channel, encodedAs: replay.lastHash)
    {
      (count, replay.join) = (0, place)
    } else if let (index, place) = firstHeld(of: events, in: log, subscription.channel), !replay.isSnapshot {
      (count, replay.join) = (index + 1, place)
    }
    guard replay.join != nil || !events.isEmpty else { return historyEnded(subscription) }
    replay.batch = events[..<count]
    apply(.replay(.sending), to: subscription)
  }

  /// Returns the first event of a batch that the log retains.
  private func firstHeld(
    of events: [ServerSentEvent], in log: LogSnapshot, _ channel: EventChannel
  ) -> (Int, LogSnapshot.Place)? {
    func place(_ event: ServerSentEvent) -> LogSnapshot.Place? {
      guard let id = event.id else { return nil }
      return hub.place(after: id.rawValue, in: log, of: channel, encodedAs: event.blockHash)
    }
    // The batch and the log are parts of one order: they overlap only if one has the other's first event. For nearly
    // every batch, this shows that it precedes the log. The last event may be one whose recording has not ended.
    let oldest = log.oldestID
    guard let first = events.first, let last = events.last,
      place(first) != nil || place(last) != nil
        || events.contains(where: { $0.id.map { $0.rawValue.utf8.elementsEqual((oldest ?? "").utf8) } ?? false })
    else { return nil }
    for (index, event) in events.enumerated() {
      if let place = place(event) { return (index, place) }
    }
    return nil
  }

  /// Encodes the next events of a batch as the stream's own bytes.
  private func sendPiece(to subscription: Subscription) {
    guard let replay = subscription.replay else { return }
    let session = subscription.session
    var bytes: [UInt8] = []
    var count = 0
    do {
      for event in replay.batch where bytes.count < Self.copiedBytes {
        if let id = event.id {
          try id.checkReturnable(maximumBytes: .max)
          note(id, isHadBy: replay, of: subscription.channel)
        } else if !replay.isSnapshot {
          throw EventIDFlaw.empty
        }
        var stamped = event
        if session.composite != nil, let id = event.id {
          let place = replay.isSnapshot ? hub.number(of: id, in: subscription.channel) : nil
          session.composite?.replace(Int(subscription.number), by: .own(id.rawValue, number: place))
          stamped.id = session.composite.map { EventID(unchecked: String(decoding: $0.text, as: UTF8.self)) }
        }
        try EventStreamEncoder.encode(stamped, into: &bytes)
        count += 1
        let hash = event.blockHash
        replay.tail.append(hash)
        replay.lastHash = hash
      }
    } catch {
      hub.log(.error, "a repository returned an event that cannot be sent; the reader is disconnected") {
        [("channel", subscription.channel.name.rawValue), ("error", "\(error)")]
      }
      return leave(session, .repositoryFailed)
    }
    replay.lastEventID = replay.batch.prefix(count).last { $0.id != nil }?.id ?? replay.lastEventID
    replay.batch = replay.batch.dropFirst(count)
    replay.isFromBeginning = false
    replay.needsEveryEvent = false
    tally.delivered += count
    tally.replayed += count
    addOwn(bytes, to: session)
  }

  /// Notes that the reader of a replay has an event, which may be the newest one that the log had evicted.
  func note(_ id: EventID, isHadBy replay: Replay, of channel: EventChannel) {
    guard !replay.hasEvicted else { return }
    replay.hasEvicted =
      hub.number(of: id, in: channel).map { $0 >= replay.evicted.ordinal }
      ?? (EntryID(own: id.rawValue) == replay.evicted.id)
  }

  /// Continues after the reader has received the whole batch.
  private func endBatch(of subscription: Subscription) {
    guard let replay = subscription.replay else { return }
    if let place = replay.join {
      replay.join = nil
      // If the log has evicted that place, the next events are requested from the history.
      if subscription.channel.snapshot().start <= place.position { return join(subscription, at: place) }
    }
    replay.isSnapshot ? snapshotEnded(subscription) : apply(.replay(.due), to: subscription)
  }

  /// Handles a history that has no more events. The log continues from the pin, its start when the reader came, or from
  /// a later place if everything before that precedes the reader's last event.
  private func historyEnded(_ subscription: Subscription) {
    guard let replay = subscription.replay else { return }
    if replay.isSnapshot { return snapshotEnded(subscription) }
    let channel = subscription.channel
    if replay.lastEventID != nil, channel.withState({ $0.follower != nil }) { return sharedHistoryEnded(subscription) }
    let isRecorded = channel.withState { $0.isRecorded }
    if isRecorded, replay.lastEventID != nil, channel.recording?.isBusy == true {
      // The reader's last event may be one that is being recorded. It will be in the log then.
      if replay.pausedSince == .never { replay.pausedSince = now }
      guard now - replay.pausedSince < Self.recordingTime else { return apply(.historyFailed, to: subscription) }
      return apply(.replay(.paused(until: now + Self.recordingPause)), to: subscription)
    }
    let log = channel.snapshot()
    // A store that the application fills is behind the log if it does not have the last event before the pin. Of a
    // recorder, only a generated ID shows it, because its other IDs may be of events whose recording seemed to fail.
    let isBehindLog =
      !replay.hasEvicted && replay.lastEventID.map { !isRecorded || hub.number(of: $0, in: channel) != nil } ?? false
    let place = channel.hasRecorded(from: replay.pin.position) ? placeBehindRecorded(replay) : replay.pin
    if log.start <= place.position, !isBehindLog {
      if !replay.tail.isEmpty {
        replay.tail.mayFollowLog(upTo: log.end)
        subscription.replayed = replay.tail
      }
      return join(subscription, at: place)
    }
    // The log has evicted that place since. A recording repository has the events by now.
    if !replay.hasAskedAgain {
      replay.hasAskedAgain = true
      return apply(.replay(.due), to: subscription)
    }
    switch subscription.session.handler.configuration.gapPolicy {
    case .reject:
      // This was unknown when the stream was opened. The reader is rejected when it returns.
      leave(subscription.session, .fellBehind)
    case .snapshot(let provider):
      sendGap(to: subscription, replay, earliest: nil)
      askForSnapshot(provider, for: subscription)
    case .replayAvailable, .liveOnly:
      sendGap(to: subscription, replay, earliest: nil)
      join(subscription, at: log.startPlace)
    }
  }

  /// Returns where the log continues after the last event of a history that has recorded all of the log since the pin.
  ///
  /// If the log does not have that event, its recording was reported as failed. Then it is in the history alone, behind
  /// all that the log had when the history was asked. The history may have evicted all of that.
  private func placeBehindRecorded(_ replay: Replay) -> LogSnapshot.Place {
    guard replay.lastEventID != nil, replay.logEndWhenAsked.position > replay.pin.position else { return replay.pin }
    return replay.logEndWhenAsked
  }

  /// Continues after the reader has received the channel's state. The log continues after the event that the state
  /// names, or from its end at the time of the request.
  private func snapshotEnded(_ subscription: Subscription) {
    guard let replay = subscription.replay else { return }
    let log = subscription.channel.snapshot()
    guard let id = replay.lastEventID else {
      if log.start <= replay.pin.position { return join(subscription, at: replay.pin) }
      return missingBehindSnapshot(subscription, log)
    }
    if let place = hub.place(after: id.rawValue, in: log, of: subscription.channel) {
      return join(subscription, at: place)
    }
    // If the log still retains its first event, an event that it does not know predates it.
    guard log.startOrdinal == 0 else { return missingBehindSnapshot(subscription, log) }
    join(subscription, at: LogSnapshot.Place(position: log.start, ordinal: 0))
  }

  private func missingBehindSnapshot(_ subscription: Subscription, _ log: LogSnapshot) {
    if let replay = subscription.replay { sendGap(to: subscription, replay, earliest: log.oldestID) }
    join(subscription, at: log.startPlace)
  }

  /// Tells a reader of a gap after the last event that it has. Its stream's composite ID no longer has that event, with
  /// which the reader would be told of the same gap again when it returns.
  private func sendGap(to subscription: Subscription, _ replay: Replay, earliest: String?) {
    subscription.session.composite?.leaveOut(Int(subscription.number))
    sendGap(to: subscription, after: replay.lastEventID?.rawValue, earliest: earliest)
  }

  func join(_ subscription: Subscription, at place: LogSnapshot.Place) {
    let last = subscription.replay?.lastEventID
    subscription.replay = nil
    subscription.cursor = place.position
    subscription.ordinal = place.ordinal
    let claim = subscription.channel.withState { state in
      if place.ordinal == state.log.endOrdinal { return subscription.channel.claimAtEnd(state) }
      // Other processes do not know the log's numbers.
      guard state.follower != nil else { return .number(place.ordinal) }
      return last.map { .own($0.rawValue, number: place.ordinal) } ?? .beginning
    }
    subscription.session.composite?.learn(Int(subscription.number), claim)
    askForNewestEvent(for: subscription)
    apply(.joinedLog, to: subscription)
  }
}

extension EventRepository {
  /// Returns the earliest events for a reader that must get every event: a gap, unless the history knows that it has
  /// all.
  fileprivate func everyEvent(for request: ReplayRequest) async throws -> ReplayResult {
    let answer = try await events(for: request)
    guard case .contiguous(let events) = answer else { return answer }
    // Asked after the events were read: if nothing is evicted now, nothing was evicted then.
    let isComplete = try await (self as? any NewestEventReporting)?.hasEveryEvent(in: request.channel) ?? false
    return isComplete ? answer : .gap(events)
  }
}

extension ServerSentEvent {
  /// The hash of the event as a log encodes it.
  fileprivate var blockHash: BlockHash {
    var bytes: [UInt8] = []
    try? EventStreamEncoder.encode(self, into: &bytes)
    return bytes.withUnsafeBytes { BlockHash($0) }
  }
}
