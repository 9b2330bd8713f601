internal import EventSourceFormat

/// Ending streams.
extension DeliveryLane {
  /// The time for which a leaving reader may receive published events, in nanoseconds.
  private static let leaveTime: Int64 = 5_000_000_000

  /// Handles the stack's announcement that it will close the session's connection.
  func drain(_ session: EventStreamSession, over window: Duration) {
    wasCalled()
    scheduleLeave(session, within: window.nanoseconds)
  }

  /// Ends the stream at a random time within a window in nanoseconds. A request that is not yet a stream ends when the
  /// window ends.
  func scheduleLeave(_ session: EventStreamSession, within window: Int64) {
    guard !session.isFinished, !session.isLeaving else { return }
    let isSpread = session.isStreaming && window > 0
    session.leaveAt = min(session.leaveAt, now + (isSpread ? Int64.random(in: 0..<window, using: &random) : window))
    if session.leaveAt <= now, session.isOpen { leave(session, .draining) }
    schedule(session)
  }

  /// Ends the stream as soon as the reader has everything published, or after a few seconds. Does not wait for a
  /// replay, because the reader resumes it when it returns.
  func leave(_ session: EventStreamSession, _ reason: DisconnectReason) {
    guard session.isOpen else { return }
    leaveCohort(session)
    session.phase = .leaving(reason, by: now + Self.leaveTime, hasFinalRetry: false)
    session.leaveAt = .never
    for subscription in session.subscriptions {
      if subscription.state.isReplaying {
        subscription.replay?.request?.cancel()
        subscription.replay = nil
        apply(.removed, to: subscription)
      } else if subscription.channel.hasUnread(behind: subscription.cursor), subscription.state == .live {
        apply(.published, to: subscription)
      }
      // The newest coalesced event is sent before its window ends.
      if case .held = subscription.state { apply(.deadline(isWithinEvent: false), to: subscription) }
    }
    if !session.isBlocked { enqueue(session) }
    schedule(session)
  }

  /// Sends the final `retry` of a leaving stream, or ends the stream if it was sent.
  func end(_ session: EventStreamSession) {
    guard case .leaving(let reason, let end, let hasFinalRetry) = session.phase else { return }
    if !hasFinalRetry, !session.isJSONLines, let retry = finalRetry(for: session) {
      session.phase = .leaving(reason, by: end, hasFinalRetry: true)
      session.setOwn(retry)
      enqueue(session)
    } else if let encoder = session.encoder, !encoder.isComplete {
      encoder.complete(hub.budget)
      enqueue(session)
    } else {
      finish(session, reason, ending: .complete)
    }
  }

  /// Disconnects a reader whose history failed. It can resume later.
  func sendAway(_ subscription: Subscription, _ reason: DisconnectReason) {
    let session = subscription.session
    hub.log(.error, "a repository did not respond in time; the reader is disconnected and can resume") {
      [("channel", subscription.channel.name.rawValue)]
    }
    session.isStreaming ? leave(session, reason) : refuseForNow(session)
  }

  /// Ends a stream once.
  ///
  /// - Parameter ending: How the response ends. `nil` if the response must no longer be called.
  func finish(_ session: EventStreamSession, _ reason: DisconnectReason, ending: EventStreamEnding?) {
    guard !session.isFinished else { return }
    let wasStreaming = session.isStreaming
    let left = hub.occupancy?.countedChannels(of: session) ?? []
    release(session)
    if wasStreaming {
      hub.counters.streamEnded(reason)
      hub.occupancy?.left(session, left, reason, at: hub.now)
      hub.log(reason.isDrop ? .warning : .debug, "a stream ended") { [("reason", reason.rawValue)] }
    }
    // After everything was counted, so that a hub without readers has complete statistics. Before the response ends,
    // so that a reader that requests its stream again finds its place free.
    leavePlace(of: session)
    if wasStreaming, let ending { session.response.end(ending) }
  }

  /// Ends a stream without a final `retry`, after the end of its content coding.
  func leaveWithoutRetry(_ session: EventStreamSession, _ reason: DisconnectReason) {
    leaveCohort(session)
    session.phase = .leaving(reason, by: now + Self.leaveTime, hasFinalRetry: true)
    if !session.isBlocked { enqueue(session) }
    schedule(session)
  }

  /// Returns how the response can end without another byte. A stream that is blocked, in the middle of an event or
  /// in a content coding is aborted.
  func ending(for session: EventStreamSession) -> EventStreamEnding {
    session.isBlocked || session.output != .nothing || session.encoder != nil ? .aborted : .complete
  }

  /// Releases everything that the session holds.
  func close(_ session: EventStreamSession) {
    guard !session.isFinished else { return }
    release(session)
    leavePlace(of: session)
  }

  /// Releases everything that the session holds, except its place in the hub.
  private func release(_ session: EventStreamSession) {
    leaveCohort(session)
    if case .authorizing(let pending) = session.phase { pending.cancel() }
    if case .answering(let pending) = session.phase { pending.cancel() }
    endWaiting(session)
    endWaitingForFollower(session)
    session.recheck?.cancel()
    session.recheck = nil
    session.phase = .closed
    session.setOwn(nil)
    session.encoder = nil
    deadlines.remove(session)
    setIdentity(nil, of: session)
    unsubscribe(session)
  }

  private func leavePlace(of session: EventStreamSession) {
    guard let admission = session.admission else { return }
    session.admission = nil
    remove(session)
    hub.admissions.leave(caller: admission.caller)
  }
}

extension DeliveryLane {
  /// Unsubscribes the stream from all of its channels.
  func unsubscribe(_ session: EventStreamSession) {
    for subscription in session.subscriptions { unsubscribe(subscription) }
    session.subscriptions = []
  }
}

/// Channels that are removed while they have readers.
extension DeliveryLane {
  func subscriptions(of channel: EventChannel) -> [Subscription] {
    guard let audience = audiences[ObjectIdentifier(channel)] else { return [] }
    return audience.idle + audience.waiting
      + audience.cohorts.flatMap(\.members).compactMap { member in
        member.session.subscriptions.first { $0.audience === audience }
      }
  }

  func removed(_ channel: EventChannel) {
    for subscription in subscriptions(of: channel) {
      let session = subscription.session
      if !session.isStreaming {
        guard let plan = session.plan else { continue }
        channelIsMissing(session, plan, channel.name, requestedAs: subscription.requestedName)
      } else if session.handler.configuration.channelRemoval == .endsChannel, session.subscriptions.count > 1,
        // Otherwise the rest of the replay would be lost. The stream ends, so that the reader requests it again.
        !subscription.state.isReplaying
      {
        leaveCohort(session)
        if !session.isBlocked { enqueue(session) }
      } else {
        leave(session, .channelRemoved)
      }
    }
  }

  /// Adds removal events to a stream of several channels once the reader has everything of the removed channels. The
  /// stream ends with its last channel.
  func tellRemovals(to session: EventStreamSession) {
    guard session.subscriptions.count > 1 else { return }
    for subscription in session.subscriptions
    where subscription.state == .live && subscription.channel.withState({ $0.isRemoved }) {
      apply(.removed, to: subscription)
      session.composite?.leaveOut(Int(subscription.number))
      sendNotice(RemovalEvent(channel: subscription.requestedName).serverSentEvent, to: session)
      if subscription.isCounted {
        subscription.isCounted = false
        hub.occupancy?.left(session, [subscription.channel.name], .channelRemoved, at: hub.now)
      }
    }
    if session.isOpen, session.subscriptions.allSatisfy({ $0.state == .removed }) { leave(session, .channelRemoved) }
  }
}
