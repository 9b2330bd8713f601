internal import EventSourceFormat

/// How a stream ends.
extension DeliveryLane {
  /// A reader that leaves gets so long to take what is published.
  private static let leaveTime: Int64 = 5_000_000_000

  /// The stack is about to close the session's connection.
  func drain(_ session: EventStreamSession, over window: Duration) {
    wasCalled()
    scheduleLeave(session, within: window.nanoseconds)
  }

  /// Ends the stream at a random moment within so many nanoseconds, and a request that is not yet a stream at their
  /// end.
  func scheduleLeave(_ session: EventStreamSession, within window: Int64) {
    guard !session.isFinished, !session.isLeaving else { return }
    let isSpread = session.isStreaming && window > 0
    session.leaveAt = min(session.leaveAt, now + (isSpread ? Int64.random(in: 0..<window, using: &random) : window))
    if session.leaveAt <= now, session.isOpen { leave(session, .draining) }
    schedule(session)
  }

  /// Ends the stream as soon as the reader has what is published, or at the latest in a few seconds. A replay is not
  /// waited for: the reader goes on with it when it returns.
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
      // The newest of what is coalesced is given before its time.
      if case .held = subscription.state { apply(.deadline(isWithinEvent: false), to: subscription) }
    }
    if !session.isBlocked { enqueue(session) }
    schedule(session)
  }

  /// The last step of a stream that leaves: a `retry` of its own, then the end.
  func end(_ session: EventStreamSession) {
    guard case .leaving(let reason, let end, let hasFinalRetry) = session.phase else { return }
    if !hasFinalRetry, !session.isJSONLines, let retry = finalRetry(for: session) {
      session.phase = .leaving(reason, by: end, hasFinalRetry: true)
      session.setOwn(retry)
      enqueue(session)
    } else {
      finish(session, reason, ending: .complete)
    }
  }

  /// A history failed: the reader is to ask again later.
  func sendAway(_ subscription: Subscription, _ reason: DisconnectReason) {
    let session = subscription.session
    hub.log(.error, "a repository did not answer in time; the reader is sent away to ask again") {
      [("channel", subscription.channel.name.rawValue)]
    }
    session.isStreaming ? leave(session, reason) : refuseForNow(session)
  }

  /// Ends a stream, once; `ending` nil: the response is not to be called any more.
  func finish(_ session: EventStreamSession, _ reason: DisconnectReason, ending: EventStreamEnding?) {
    guard !session.isFinished else { return }
    let wasStreaming = session.isStreaming
    let left = hub.occupancy?.countedChannels(of: session) ?? []
    close(session)
    guard wasStreaming else { return }
    hub.counters.streamEnded(reason)
    hub.occupancy?.left(session, left, reason, at: hub.now)
    hub.log(reason.isDrop ? .warning : .debug, "a stream ended") { [("reason", reason.rawValue)] }
    if let ending { session.response.end(ending) }
  }

  /// Completes what can be completed: not what is in the middle of an event.
  func ending(for session: EventStreamSession) -> EventStreamEnding {
    session.isBlocked || session.output != .nothing ? .aborted : .complete
  }

  /// Gives back everything that the session has.
  func close(_ session: EventStreamSession) {
    guard !session.isFinished else { return }
    leaveCohort(session)
    if case .authorizing(let pending) = session.phase { pending.cancel() }
    if case .answering(let pending) = session.phase { pending.cancel() }
    endWaiting(session)
    endWaitingForFollower(session)
    session.recheck?.cancel()
    session.recheck = nil
    session.phase = .closed
    session.setOwn(nil)
    deadlines.remove(session)
    setIdentity(nil, of: session)
    unsubscribe(session)
    guard let admission = session.admission else { return }
    session.admission = nil
    remove(session)
    hub.admissions.leave(caller: admission.caller)
  }
}

extension DeliveryLane {
  /// Takes the stream out of all of its channels.
  func unsubscribe(_ session: EventStreamSession) {
    for subscription in session.subscriptions { unsubscribe(subscription) }
    session.subscriptions = []
  }
}

/// Channels that are removed while they are read.
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
        // What it has not been replayed would be left out: it is to ask for it again.
        !subscription.state.isReplaying
      {
        leaveCohort(session)
        if !session.isBlocked { enqueue(session) }
      } else {
        leave(session, .channelRemoved)
      }
    }
  }

  /// Says in a stream of several channels which of them are gone, when the reader has all of them; the stream ends with
  /// the last one.
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
