extension DeliveryLane {
  /// Readers that are behind are looked at when so many bytes have been published since the last time.
  private static let lookInterval: UInt64 = 16 << 10

  /// Offers the readers of a channel what was published since the last walk.
  ///
  /// The log's end is read once, so a burst is one batch; all who are up to date are offered the same shared bytes.
  /// Nothing is allocated and no lock is held while the responses are written to.
  func walk(_ audience: LaneAudience) {
    audience.unmark()
    let from = audience.position
    let snapshot = audience.channel.snapshot(from: from, into: &ranges)
    defer { ranges.removeAll(keepingCapacity: true) }
    // From the back, because a reader that stalls or leaves is replaced in its place by the last one.
    var index = audience.ready.count - 1
    while index >= 0 {
      defer { index -= 1 }
      guard index < audience.ready.count else { continue }
      offer(audience.ready[index], from: from, to: snapshot)
    }
    audience.position = snapshot.end
    guard snapshot.end >= audience.lastLook + Self.lookInterval else { return }
    audience.lastLook = snapshot.end
    look(at: audience, snapshot)
  }

  private func offer(_ attachment: Attachment, from: UInt64, to snapshot: EventChannel.Snapshot) {
    let exchange = attachment.exchange
    if exchange.handler.coalescingWindow > 0 { return holdUntilTick(exchange) }
    // A reader that joined or caught up since the last walk is elsewhere; one with several channels needs IDs of its
    // own.
    guard attachment.cursor == from, !ranges.isEmpty, exchange.attachments.count == 1, exchange.pending == nil,
      attachment.replayedIDs == nil
    else { return pump(exchange) }
    for range in ranges {
      guard let taken = write(range, to: exchange) else { return }
      attachment.cursor += UInt64(taken)
      guard taken == range.count else { return becameSlow(exchange) }
    }
    tally.delivered += Int(snapshot.endOrdinal - attachment.ordinal)
    attachment.ordinal = snapshot.endOrdinal
  }
}
