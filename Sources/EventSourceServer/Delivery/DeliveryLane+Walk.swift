extension DeliveryLane {
  /// Readers that are behind are looked at when so many bytes have been published since the last time.
  private static let lookInterval: UInt64 = 16 << 10

  /// Offers the readers of a channel what was published since the last walk.
  ///
  /// The log's end is read once, so a burst is one batch; all who are in step are offered the same shared bytes.
  /// Nothing is allocated and no lock is held while the responses are written to.
  func walk(_ audience: LaneAudience) {
    audience.unmark()
    let snapshot = audience.channel.snapshot(from: audience.position, into: &ranges)
    if ranges.isEmpty, audience.position < snapshot.end {
      // The log has given that up already: each reader finds out in its turn.
      for place in audience.inStep { giveTurn(to: place.attachment.exchange) }
    }
    for range in ranges { offer(range, to: audience) }
    audience.position = snapshot.end
    audience.ordinal = snapshot.endOrdinal
    for attachment in audience.ready.reversed() { offer(upTo: snapshot.end, to: attachment) }
    ranges.removeAll(keepingCapacity: true)
    guard snapshot.end >= audience.lastLook + Self.lookInterval else { return }
    audience.lastLook = snapshot.end
    look(at: audience, snapshot)
  }

  /// Offers all who are in step the next part of the log.
  ///
  /// Of a reader that takes it, nothing is looked at but its place in the list and its response, because every other
  /// line of memory would have to be fetched anew behind the thousands of lines that a kernel touches to send.
  private func offer(_ range: EventChannel.Range, to audience: LaneAudience) {
    var done = 0
    // From the back, because a reader that stalls or leaves is replaced in its place by the last one.
    var index = audience.inStep.count
    while index > 0 {
      index -= 1
      switch audience.inStep[index].response.write(range.bytes) {
      case .accepted(range.bytes.count): done += 1
      case let result: tookLess(of: range, audience.inStep[index].attachment, result)
      }
    }
    tally.sentBytes += done * range.bytes.count
    tally.delivered += done * Int(range.endOrdinal - audience.ordinal)
    audience.lastOffer = now
    audience.position = range.end
    audience.ordinal = range.endOrdinal
  }

  /// A reader that was in step did not take all of a part.
  private func tookLess(of range: EventChannel.Range, _ attachment: Attachment, _ result: EventStreamWriteResult) {
    let exchange = attachment.exchange
    setReady(exchange, false)
    guard let taken = account(result, of: range.bytes.count, to: exchange) else { return }
    attachment.cursor += UInt64(taken)
    becameSlow(exchange)
  }

  /// Offers the walk's parts to a reader that is not in step: it came or caught up since the last walk and is ahead of
  /// the others, or it is given what there is in a way of its own.
  private func offer(upTo end: UInt64, to attachment: Attachment) {
    let exchange = attachment.exchange
    guard isGivenLog(attachment) else {
      guard attachment.cursor < end else { return }
      return exchange.handler.coalescingWindow > 0 ? holdUntilTick(exchange) : offerBlocks(upTo: end, to: attachment)
    }
    for range in ranges where range.start <= attachment.cursor && attachment.cursor < range.end {
      let bytes = range.bytes.dropFirst(Int(attachment.cursor - range.start))
      guard let taken = write(bytes, to: exchange) else { return }
      attachment.cursor += UInt64(taken)
      guard taken == bytes.count else { return becameSlow(exchange) }
      tally.delivered += Int(range.endOrdinal - min(attachment.ordinal, range.endOrdinal))
      attachment.ordinal = range.endOrdinal
    }
    if attachment.cursor < end { pump(exchange) } else { setReady(exchange, true) }
  }

  /// Offers the walk's blocks to a reader that has everything else: its other channels are not looked at, because each
  /// has a walk of its own.
  private func offerBlocks(upTo end: UInt64, to attachment: Attachment) {
    let exchange = attachment.exchange
    guard exchange.pending == nil, copyBlocks(for: attachment), let bytes = exchange.pending else {
      return pump(exchange)
    }
    guard let taken = write(bytes, to: exchange) else { return }
    exchange.pending = taken == bytes.count ? nil : bytes.dropFirst(taken)
    if taken < bytes.count { becameSlow(exchange) } else if attachment.cursor < end { pump(exchange) }
  }
}
