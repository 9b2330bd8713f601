extension DeliveryLane {
  /// Deadlines are rounded up to this many nanoseconds, so that many readers are seen to in one call.
  private static let granularity: Int64 = 50_000_000
  /// A reader that is leaving gets so long to take what is published.
  private static let leaveTime: Int64 = 5_000_000_000

  func fireDeadlines() {
    while let exchange = deadlines.first, exchange.deadline <= now {
      fire(exchange)
      if exchange.phase != .closed { schedule(exchange) }
    }
  }

  /// Puts the exchange into the heap for the next moment at which it has to be looked at.
  func schedule(_ exchange: EventStreamExchange) {
    guard exchange.phase != .closed else { return }
    let next = nextMoment(of: exchange)
    let rounded =
      next == .never ? .never : (max(next, now + 1) + Self.granularity - 1) / Self.granularity * Self.granularity
    guard rounded != exchange.deadline || exchange.heapIndex < 0 else { return }
    exchange.deadline = rounded
    deadlines.update(exchange)
  }

  private func nextMoment(of exchange: EventStreamExchange) -> Int64 {
    let handler = exchange.handler
    var next = min(
      exchange.authorizationEnd, exchange.answerEnd, exchange.leaveBy, exchange.leaveAt, exchange.lifetimeEnd,
      exchange.nextTick, exchange.recheck?.at ?? .never)
    guard exchange.phase == .open else { return next }
    for attachment in exchange.attachments { next = min(next, attachment.replay?.pausedUntil ?? .never) }
    if exchange.isStalled {
      next = min(next, exchange.stalledSince + handler.stallTimeout, lagEnd(of: exchange))
    } else if let interval = handler.heartbeatInterval {
      next = min(next, lastWrite(to: exchange) + interval)
    }
    return next
  }

  private func lastWrite(to exchange: EventStreamExchange) -> Int64 {
    guard let attachment = exchange.attachments.first, attachment.place == .inStep else { return exchange.lastWrite }
    return max(exchange.lastWrite, attachment.audience.lastOffer)
  }

  private func fire(_ exchange: EventStreamExchange) {
    let handler = exchange.handler
    if exchange.phase != .open {
      if exchange.authorizationEnd <= now || exchange.answerEnd <= now || exchange.leaveAt <= now {
        refuse(exchange, .unavailable(retryAfter: handler.configuration.retryAfter))
      }
      return
    }
    if exchange.authorizationEnd <= now { return finish(exchange, .authorizationEnded, ending: ending(for: exchange)) }
    if exchange.isStalled, exchange.stalledSince + handler.stallTimeout <= now {
      return finish(exchange, .stalled, ending: .aborted)
    }
    if exchange.isStalled, lagEnd(of: exchange) <= now {
      lagEnded(exchange)
      guard exchange.phase == .open else { return }
    }
    if exchange.answerEnd <= now { answerIsLate(exchange) }
    if exchange.attachments.contains(where: { $0.replay.map { $0.pausedUntil <= now } ?? false }) {
      giveTurn(to: exchange)
    }
    if let at = exchange.recheck?.at, at <= now {
      recheck(exchange)
      guard exchange.phase == .open else { return }
    }
    if exchange.leaveBy <= now { return finish(exchange, exchange.leaving ?? .drained, ending: .aborted) }
    if exchange.leaveAt <= now { leave(exchange, .drained) }
    if exchange.lifetimeEnd <= now {
      exchange.lifetimeEnd = .never
      leave(exchange, .lifetime)
    }
    if exchange.nextTick <= now { tick(exchange) }
    // Who has no turn coming, nothing pending and is not stalled is at an event's end.
    if let interval = handler.heartbeatInterval, !exchange.isStalled, !exchange.isInTurns, exchange.pending == nil,
      lastWrite(to: exchange) + interval <= now
    {
      exchange.pending = hub.heartbeat
      giveTurn(to: exchange)
    }
  }

  /// Ends the stream at a random moment within so many nanoseconds.
  func scheduleLeave(_ exchange: EventStreamExchange, within window: Int64) {
    guard exchange.phase != .closed, exchange.leaving == nil else { return }
    exchange.leaveAt = min(exchange.leaveAt, now + (window > 0 ? Int64.random(in: 0..<window, using: &random) : 0))
    if exchange.leaveAt <= now, exchange.phase == .open { leave(exchange, .drained) }
    schedule(exchange)
  }

  /// Ends the stream as soon as the reader has what is published, or at the latest in a few seconds.
  func leave(_ exchange: EventStreamExchange, _ reason: DisconnectReason) {
    guard exchange.phase == .open, exchange.leaving == nil else { return }
    exchange.leaving = reason
    exchange.leaveAt = .never
    exchange.leaveBy = now + Self.leaveTime
    exchange.nextTick = .never
    giveTurn(to: exchange)
    schedule(exchange)
  }

  /// The last step of a stream that is leaving: a `retry` of its own, then the end. False: it is not leaving.
  func takeLeave(of exchange: EventStreamExchange) -> Bool {
    guard let reason = exchange.leaving else { return false }
    if !exchange.hasFarewell, let farewell = farewell(for: exchange) {
      exchange.hasFarewell = true
      exchange.pending = farewell
    } else {
      finish(exchange, reason, ending: .complete)
    }
    return true
  }

  /// Events are coalesced: the reader gets the newest one at its next tick, which is at the same phase of every window.
  func holdUntilTick(_ exchange: EventStreamExchange) {
    let window = exchange.handler.coalescingWindow
    setReady(exchange, false)
    exchange.nextTick = exchange.tickOrigin + ((now - exchange.tickOrigin) / window + 1) * window
    schedule(exchange)
  }

  private func tick(_ exchange: EventStreamExchange) {
    exchange.nextTick = .never
    for attachment in exchange.attachments where attachment.replay == nil {
      attachment.channel.withState { state in
        guard let newest = state.log.newestBlock, newest > attachment.cursor else { return }
        attachment.cursor = newest
        let ordinal = state.log.ordinal(of: newest)
        tally.coalesced += Int(ordinal - min(attachment.ordinal, ordinal))
        attachment.ordinal = ordinal
      }
    }
    giveTurn(to: exchange)
  }
}
