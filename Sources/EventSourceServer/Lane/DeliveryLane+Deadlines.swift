extension DeliveryLane {
  /// Heartbeats are rounded up to this many nanoseconds, so that one call handles many readers.
  private static let granularity: Int64 = 50_000_000

  /// The time after which a deadline that has already fired is checked again.
  private static let pause: Int64 = 1_000_000

  func fireDeadlines() {
    while let session = deadlines.first, session.deadline <= now {
      fire(session)
      schedule(session, isFired: true)
    }
  }

  /// Inserts the session into the heap at the next time when it needs attention.
  func schedule(_ session: EventStreamSession, isFired: Bool = false) {
    if case .closed = session.phase { return }
    var next = nextMoment(of: session)
    // Not immediately again: the due work is done, or waits for another part of this run.
    if isFired, next <= now { next = now + Self.pause }
    guard next != session.deadline || session.heapIndex < 0 else { return }
    session.deadline = next
    deadlines.update(session)
  }

  private func nextMoment(of session: EventStreamSession) -> Int64 {
    var next = min(session.leaveAt, session.grantEnd)
    switch session.phase {
    case .arrived, .closed: return next
    case .authorizing(let pending): return min(next, pending.end)
    case .waiting(let wait): return min(next, wait.plan.waitEnd)
    case .answering(let pending): return min(next, pending.end)
    case .following(let wait): return min(next, wait.end)
    case .leaving(_, let end, _): next = min(next, end)
    case .open: next = min(next, session.lifetimeEnd, session.recheck?.at ?? .never)
    case .resuming: break
    }
    for subscription in session.subscriptions where subscription.list == .waiting {
      next = min(next, subscription.state.deadline(subscription.rules))
    }
    guard session.isStreaming else { return next }
    if session.isBlocked {
      next = min(next, session.blockedSince + session.handler.stallTimeout)
    } else if let interval = session.handler.heartbeatInterval, !session.isJSONLines {
      let due = lastWrite(to: session) + interval
      next = min(next, (due + Self.granularity - 1) / Self.granularity * Self.granularity)
    }
    return next
  }

  private func fire(_ session: EventStreamSession) {
    switch session.phase {
    case .arrived where session.leaveAt <= now: return refuseForNow(session)
    case .authorizing(let pending) where pending.end <= now || session.leaveAt <= now: return refuseForNow(session)
    case .resuming where session.leaveAt <= now: return refuseForNow(session)
    case .waiting where session.leaveAt <= now: return refuseForNow(session)
    case .waiting(let wait) where wait.plan.waitEnd <= now && (wait.plan.isSought || wait.plan.catchUp != nil):
      return refuseForNow(session)
    case .waiting(let wait) where wait.plan.waitEnd <= now:
      return rejectUnknown(session, wait.requested)
    case .answering(let pending) where pending.end <= now || session.leaveAt <= now: return refuseForNow(session)
    case .following(let wait) where wait.end <= now || session.leaveAt <= now: return refuseForNow(session)
    case .arrived, .authorizing, .answering, .waiting, .following, .closed: return
    case .resuming, .open, .leaving: break
    }
    if session.grantEnd <= now { return grantEnded(session) }
    if session.isBlocked, session.blockedSince + session.handler.stallTimeout <= now {
      return finish(session, .stalled, ending: .aborted)
    }
    if case .leaving(let reason, let end, _) = session.phase, end <= now {
      return finish(session, reason, ending: .aborted)
    }
    for subscription in session.subscriptions where subscription.state.deadline(subscription.rules) <= now {
      if waitsOnForSlot(subscription) { continue }
      apply(.deadline(isWithinEvent: subscription.isWithinEvent), to: subscription)
      guard !session.isFinished else { return }
    }
    guard session.isOpen else { return }
    if let at = session.recheck?.at, at <= now {
      recheck(session)
      guard session.isOpen else { return }
    }
    if session.leaveAt <= now { return leave(session, .draining) }
    if session.lifetimeEnd <= now { return leave(session, .maximumDurationReached) }
    sendHeartbeat(to: session)
  }

  /// Sends a comment after a time of silence. A stream that has something to send needs none, and a stream within an
  /// event must not get one.
  private func sendHeartbeat(to session: EventStreamSession) {
    guard let interval = session.handler.heartbeatInterval, !session.isBlocked, !session.isJSONLines,
      !session.isQueued,
      session.output == .nothing, lastWrite(to: session) + interval <= now
    else { return }
    if session.encoder != nil { return sendEncodedHeartbeat(to: session) }
    guard let taken = write(hub.heartbeat, to: session), taken < hub.heartbeat.count else { return }
    leaveCohort(session)
    if taken > 0 { session.setOwn(hub.heartbeat.dropFirst(taken)) }
    becameBlocked(session)
  }
}
