/// What one stream is given that is not offered to a cohort.
extension DeliveryLane {
  /// What one stream is given at once, in bytes, before others are served.
  private static let turnBytes = 1 << 20

  /// Gives a stream what it has begun, then what its channels have for it, one after the other, then its end; until the
  /// connection takes no more, there is no more, or others are to be served.
  func serve(_ exchange: EventStreamExchange) {
    exchange.isQueued = false
    if case .arrived(let plan) = exchange.phase { return authorize(exchange, plan) }
    if case .answering(let pending) = exchange.phase { return begin(exchange, pending) }
    var turn = Self.turnBytes
    while exchange.isStreaming, !exchange.isBlocked {
      guard turn > 0, allowance > 0 else { return enqueue(exchange) }
      let taken: Int
      switch exchange.output {
      case .own:
        taken = writeOwn(exchange)
      case .event(let number):
        taken = continueEvent(of: exchange.subscriptions[Int(number)])
      case .nothing:
        if let subscription = nextSubscription(of: exchange) {
          taken = serve(subscription)
        } else if exchange.isLeaving {
          return end(exchange)
        } else {
          return caughtUp(exchange)
        }
      }
      turn -= taken
      allowance -= 1 + taken >> 14
    }
    if exchange.isStreaming { becameBlocked(exchange) }
  }

  /// Writes bytes; nil: the stream is over. If not all were taken, the stream is blocked.
  func write(_ bytes: borrowing EventStreamBytes, to exchange: EventStreamExchange) -> Int? {
    account(exchange.response.write(bytes), of: bytes.count, to: exchange)
  }

  /// Notes what became of a write of so many bytes.
  func account(_ result: EventStreamWriteResult, of count: Int, to exchange: EventStreamExchange) -> Int? {
    switch result {
    case .peerGone:
      finish(exchange, .peerGone, ending: nil)
      return nil
    case .accepted(let taken):
      precondition(0 <= taken && taken <= count, "a response accepted \(taken) of \(count) bytes")
      tally.sentBytes += taken
      if taken > 0 { exchange.lastWrite = now }
      if taken < count { exchange.blockedSince = now }
      return taken
    }
  }

  func becameWritable(_ exchange: EventStreamExchange) {
    wasCalled()
    guard exchange.isStreaming, exchange.isBlocked else { return }
    exchange.blockedSince = .never
    enqueue(exchange)
  }

  func peerGone(_ exchange: EventStreamExchange) {
    wasCalled()
    finish(exchange, .peerGone, ending: nil)
  }

  private func writeOwn(_ exchange: EventStreamExchange) -> Int {
    guard let bytes = exchange.ownBytes else {
      exchange.output = .nothing
      return 0
    }
    guard let taken = write(bytes, to: exchange) else { return 0 }
    exchange.setOwn(taken == bytes.count ? nil : bytes.dropFirst(taken))
    return taken
  }

  /// The channels of a stream are served in turn, so that much in one does not hold up another.
  private func nextSubscription(of exchange: EventStreamExchange) -> Subscription? {
    let count = exchange.subscriptions.count
    for offset in 0..<count {
      let index = (exchange.nextToServe + offset) % count
      let subscription = exchange.subscriptions[index]
      guard subscription.state.isToBeServed else { continue }
      exchange.nextToServe = (index + 1) % count
      return subscription
    }
    return nil
  }

  private func serve(_ subscription: Subscription) -> Int {
    switch subscription.state {
    case .replaying:
      continueReplay(of: subscription)
      return 0
    case .skipping:
      skip(subscription)
      return 0
    case .behind where subscription.window > 0:
      return giveNewest(to: subscription)
    case .behind, .conflating:
      return giveNext(to: subscription)
    case .live, .held, .removed:
      return 0
    }
  }

  /// Gives a reader the next part of its channel's log; how many bytes were taken.
  private func giveNext(to subscription: Subscription) -> Int {
    switch subscription.channel.read(from: subscription.cursor) {
    case .nothing:
      apply(.caughtUp, to: subscription)
      return 0
    case .evicted:
      apply(.evicted(isWithinEvent: false), to: subscription)
      return 0
    case .piece(let piece, _):
      guard subscription.isPlain else { return giveBlocks(of: piece, to: subscription) }
      return giveWhole(piece, to: subscription)
    }
  }

  private func giveWhole(_ piece: LogPiece, to subscription: Subscription) -> Int {
    guard let taken = write(piece.bytes, to: subscription.exchange) else { return 0 }
    subscription.cursor += UInt64(taken)
    guard subscription.cursor == piece.end else { return taken }
    tally.delivered += Int(piece.endOrdinal - min(subscription.ordinal, piece.endOrdinal))
    subscription.ordinal = piece.endOrdinal
    return taken
  }

  /// Goes on with an event that the response has begun.
  private func continueEvent(of subscription: Subscription) -> Int {
    switch subscription.channel.read(from: subscription.cursor) {
    case .nothing, .evicted:
      // The event cannot be completed, whatever the channel's state.
      finish(subscription.exchange, .behind, ending: .aborted)
      return 0
    case .piece(let piece, _):
      guard subscription.isPlain else { return giveEvent(to: subscription, block: piece.firstBlock, of: piece.segment) }
      subscription.exchange.output = .nothing
      return giveWhole(piece, to: subscription)
    }
  }

  /// The end of a coalescing window: the reader gets the newest event, and nothing of what was before it.
  private func giveNewest(to subscription: Subscription) -> Int {
    let channel = subscription.channel
    guard let newest = channel.newestEvent(behind: subscription.cursor),
      case .piece(let piece, _) = channel.read(from: newest)
    else {
      let log = channel.snapshot()
      let isMissing = log.hasEvictedNewestEvent(behind: subscription.cursor)
      subscription.cursor = log.end
      subscription.ordinal = log.endOrdinal
      apply(.caughtUp, to: subscription)
      if isMissing { sendGap(to: subscription, after: nil, earliest: nil) }
      return 0
    }
    tally.coalesced += Int(piece.startOrdinal - min(subscription.ordinal, piece.startOrdinal))
    subscription.cursor = newest
    subscription.ordinal = piece.startOrdinal
    let taken = giveBlocks(of: piece.limited(to: 0, large: 0), to: subscription)
    // What comes now waits for the next window.
    guard subscription.exchange.isStreaming, subscription.cursor >= piece.limited(to: 0, large: 0).end else {
      return taken
    }
    apply(.caughtUp, to: subscription)
    if channel.hasUnread(behind: subscription.cursor) { apply(.published, to: subscription) }
    return taken
  }

  /// The reader has everything: from now on it is offered what is published as it is published.
  private func caughtUp(_ exchange: EventStreamExchange) {
    tellRemovals(to: exchange)
    endWithRun(exchange)
    guard exchange.output == .nothing, exchange.isOpen else {
      if exchange.isStreaming { enqueue(exchange) }
      return
    }
    joinCohort(exchange)
    schedule(exchange)
  }
}
