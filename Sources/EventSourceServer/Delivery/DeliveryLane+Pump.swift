extension DeliveryLane {
  /// What one reader is given at once, in bytes, before the others have their turn.
  private static let turnBytes = 1 << 20

  /// Gives one reader what is its own: pending bytes, then what it has not read of the logs, then its missed events,
  /// then its farewell; until the stack takes no more, there is no more, or its turn is over.
  func pump(_ exchange: EventStreamExchange) {
    var allowance = Self.turnBytes
    while exchange.phase == .open, !exchange.isStalled {
      guard allowance > 0 else { return giveTurn(to: exchange) }
      if let bytes = exchange.pending {
        guard let taken = write(bytes, to: exchange) else { return }
        exchange.pending = taken == bytes.count ? nil : bytes.dropFirst(taken)
        allowance -= taken
      } else if exchange.nextTick == .never, let attachment = exchange.attachments.first(where: hasUnread) {
        allowance -= deliver(attachment)
      } else if !continueReplay(of: exchange), !takeLeave(of: exchange) {
        return settle(exchange)
      }
    }
    if exchange.phase == .open { becameSlow(exchange) }
  }

  /// Writes bytes; nil: the stream is over. If not all were taken, the exchange is stalled.
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
      if taken > 0 {
        tally.sentBytes += taken
        exchange.lastWrite = now
        exchange.stalledSince = .never
      }
      if taken < count { stall(exchange) }
      return taken
    }
  }

  private func stall(_ exchange: EventStreamExchange) {
    exchange.isStalled = true
    if exchange.stalledSince == .never { exchange.stalledSince = now }
    setReady(exchange, false)
  }

  private func hasUnread(_ attachment: Attachment) -> Bool {
    guard attachment.replay == nil else { return false }
    return attachment.channel.withState { attachment.cursor < $0.log.end }
  }

  /// Offers one range of a log; how many bytes were taken.
  private func deliver(_ attachment: Attachment) -> Int {
    let exchange = attachment.exchange
    if attachment.isToSkip {
      skip(attachment)
      return 0
    }
    if isGivenBlocks(attachment) {
      if !copyBlocks(for: attachment) { fellBehind(attachment, .behind) }
      return 0
    }
    let next = attachment.channel.withState { state -> (bytes: EventStreamBytes, endOrdinal: UInt64)? in
      guard attachment.cursor >= state.log.start else { return nil }
      let bytes = state.log.bytes(from: attachment.cursor)
      return (bytes, state.log.ordinal(of: attachment.cursor + UInt64(bytes.count)))
    }
    guard let next else {
      fellBehind(attachment, .behind)
      return 0
    }
    guard let taken = write(next.bytes, to: exchange) else { return 0 }
    attachment.cursor += UInt64(taken)
    if taken == next.bytes.count {
      tally.delivered += Int(next.endOrdinal - min(attachment.ordinal, next.endOrdinal))
      attachment.ordinal = next.endOrdinal
    }
    return taken
  }

  /// The reader has everything: from now on it is offered what is published as it is published.
  private func settle(_ exchange: EventStreamExchange) {
    exchange.stalledSince = .never
    if exchange.nextTick == .never, exchange.leaving == nil {
      for attachment in exchange.attachments where attachment.replay == nil { caughtUp(attachment) }
      setReady(exchange, true)
    }
    schedule(exchange)
  }

  /// Moves the reader's places to or from the lists that a walk offers to. One that is still replaying is never there.
  func setReady(_ exchange: EventStreamExchange, _ isReady: Bool) {
    for attachment in exchange.attachments {
      let audience = attachment.audience
      if !isReady {
        audience.move(attachment, to: .waiting)
      } else if attachment.replay == nil {
        let isInStep = attachment.cursor == audience.position && isGivenLog(attachment)
        audience.move(attachment, to: isInStep ? .inStep : .ready)
      }
    }
  }

  /// Whether the reader is given the bytes of the log as they are, and as soon as they are there.
  func isGivenLog(_ attachment: Attachment) -> Bool {
    !isGivenBlocks(attachment) && attachment.exchange.handler.coalescingWindow == 0
  }
}
