internal import EventSourceFormat

/// What a stream is given that is in no log: its beginning, gaps, removals, and its last `retry`.
extension DeliveryLane {
  /// A comment and a `retry`, if so configured.
  func opening(for exchange: EventStreamExchange) -> EventStreamBytes? {
    let configuration = exchange.handler.configuration
    var bytes: [UInt8] = []
    // Neither can fail: both were checked with the configuration.
    if let comment = configuration.openingComment {
      try? EventStreamEncoder.append(comment: comment, to: &bytes)
    }
    if let time = configuration.reconnectionTime { appendRetry(time, configuration, to: &bytes) }
    return LogSegment.standalone(bytes, budget: hub.budget)
  }

  /// A `retry` for a reader that is sent away: spread, so that those who leave together do not return together.
  func finalRetry(for exchange: EventStreamExchange) -> EventStreamBytes? {
    let configuration = exchange.handler.configuration
    var bytes: [UInt8] = []
    appendRetry(configuration.reconnectionTime ?? .seconds(3), configuration, to: &bytes)
    return LogSegment.standalone(bytes, budget: hub.budget)
  }

  private func appendRetry(
    _ time: Duration, _ configuration: EventStreamHandler.Configuration, to bytes: inout [UInt8]
  ) {
    let spread = Duration.nanoseconds(spread(time, by: configuration.reconnectionJitter))
    try? EventStreamEncoder.append(reconnectionTime: spread, to: &bytes)
  }

  /// Says in the stream that events are missing.
  func sendGap(to subscription: Subscription, after lastEventID: String?, earliest: String?) {
    tally.gaps += 1
    let gap = GapEvent(channel: subscription.channel.name, lastEventID: lastEventID, earliestHeld: earliest)
    sendNotice(gap.serverSentEvent, to: subscription.exchange)
  }

  /// Adds an event without an ID to the stream's own bytes.
  func sendNotice(_ event: ServerSentEvent, to exchange: EventStreamExchange) {
    var bytes: [UInt8] = []
    do {
      try EventStreamEncoder.append(event, to: &bytes)
    } catch {
      preconditionFailure("JSON in one line can be encoded: \(error)")
    }
    addOwn(bytes, to: exchange)
  }

  /// Adds whole blocks to what the stream gets next. Not while it is within an event.
  func addOwn(_ bytes: [UInt8], to exchange: EventStreamExchange) {
    precondition(exchange.output == .nothing || exchange.output == .own, "a block was put into the middle of another")
    let before = exchange.ownBytes
    exchange.setOwn(
      LogSegment.standalone(byteCount: (before?.count ?? 0) + bytes.count, budget: hub.budget) { memory in
        let used = before?.copy(to: memory) ?? 0
        UnsafeMutableRawBufferPointer(rebasing: memory[used...]).copyBytes(from: bytes)
      })
  }
}

extension EventStreamBytes {
  /// Copies the bytes to the beginning of memory that has room for them; how many they are.
  fileprivate func copy(to memory: UnsafeMutableRawBufferPointer) -> Int {
    withUnsafeBytes { memory.copyMemory(from: $0) }
    return count
  }
}
