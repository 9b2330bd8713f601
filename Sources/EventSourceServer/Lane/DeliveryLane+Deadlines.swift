extension DeliveryLane {
  /// Heartbeats are rounded up to this many nanoseconds, so that many readers are seen to in one call.
  private static let granularity: Int64 = 50_000_000

  /// When a deadline that has passed is looked at again.
  private static let pause: Int64 = 1_000_000

  func fireDeadlines() {
    while let exchange = deadlines.first, exchange.deadline <= now {
      fire(exchange)
      schedule(exchange, isFired: true)
    }
  }

  /// Puts the exchange into the heap for the next moment at which it has to be looked at.
  func schedule(_ exchange: EventStreamExchange, isFired: Bool = false) {
    if case .closed = exchange.phase { return }
    var next = nextMoment(of: exchange)
    // Not again at once: what was due has been seen to, or waits for something that this run does.
    if isFired, next <= now { next = now + Self.pause }
    guard next != exchange.deadline || exchange.heapIndex < 0 else { return }
    exchange.deadline = next
    deadlines.update(exchange)
  }

  private func nextMoment(of exchange: EventStreamExchange) -> Int64 {
    var next = min(exchange.leaveAt, exchange.grantEnd)
    switch exchange.phase {
    case .arrived, .closed: return next
    case .authorizing(let pending): return min(next, pending.end)
    case .waiting(let wait): return min(next, wait.plan.waitEnd)
    case .following(let wait): return min(next, wait.end)
    case .leaving(_, let end, _): next = min(next, end)
    case .open: next = min(next, exchange.lifetimeEnd, exchange.recheck?.at ?? .never)
    case .resuming: break
    }
    for subscription in exchange.subscriptions where subscription.list == .waiting {
      next = min(next, subscription.state.deadline(subscription.rules))
    }
    guard exchange.isStreaming else { return next }
    if exchange.isBlocked {
      next = min(next, exchange.blockedSince + exchange.handler.stallTimeout)
    } else if let interval = exchange.handler.heartbeatInterval {
      let due = lastWrite(to: exchange) + interval
      next = min(next, (due + Self.granularity - 1) / Self.granularity * Self.granularity)
    }
    return next
  }

  private func fire(_ exchange: EventStreamExchange) {
    switch exchange.phase {
    case .arrived where exchange.leaveAt <= now: return refuseForNow(exchange)
    case .authorizing(let pending) where pending.end <= now || exchange.leaveAt <= now: return refuseForNow(exchange)
    case .resuming where exchange.leaveAt <= now: return refuseForNow(exchange)
    case .waiting where exchange.leaveAt <= now: return refuseForNow(exchange)
    case .waiting(let wait) where wait.plan.waitEnd <= now:
      return refuse(exchange, .unknownChannel(wait.requested))
    case .following(let wait) where wait.end <= now || exchange.leaveAt <= now: return refuseForNow(exchange)
    case .arrived, .authorizing, .waiting, .following, .closed: return
    case .resuming, .open, .leaving: break
    }
    if exchange.grantEnd <= now { return grantEnded(exchange) }
    if exchange.isBlocked, exchange.blockedSince + exchange.handler.stallTimeout <= now {
      return finish(exchange, .stalled, ending: .aborted)
    }
    if case .leaving(let reason, let end, _) = exchange.phase, end <= now {
      return finish(exchange, reason, ending: .aborted)
    }
    for subscription in exchange.subscriptions where subscription.state.deadline(subscription.rules) <= now {
      apply(.deadline(isWithinEvent: subscription.isWithinEvent), to: subscription)
      guard !exchange.isFinished else { return }
    }
    guard exchange.isOpen else { return }
    if let at = exchange.recheck?.at, at <= now {
      recheck(exchange)
      guard exchange.isOpen else { return }
    }
    if exchange.leaveAt <= now { return leave(exchange, .drained) }
    if exchange.lifetimeEnd <= now { return leave(exchange, .lifetime) }
    sendHeartbeat(to: exchange)
  }

  /// A comment after a time of silence. A stream that has something coming needs none, and one within an event must
  /// have none.
  private func sendHeartbeat(to exchange: EventStreamExchange) {
    guard let interval = exchange.handler.heartbeatInterval, !exchange.isBlocked, !exchange.isQueued,
      exchange.output == .nothing, lastWrite(to: exchange) + interval <= now
    else { return }
    guard let taken = write(hub.heartbeat, to: exchange), taken < hub.heartbeat.count else { return }
    leaveCohort(exchange)
    if taken > 0 { exchange.setOwn(hub.heartbeat.dropFirst(taken)) }
    becameBlocked(exchange)
  }
}
