internal import EventSourceFormat

/// What a stream is given that is in no log: its beginning, gaps, removals, and its last `retry`.
extension DeliveryLane {
  /// The stream's first lines, if so configured: a comment, then a `retry`.
  ///
  /// No blank line follows, so that the `retry` is in the block of what comes next, an event or a heartbeat: as a block
  /// of its own, several clients hand it to their program as an empty event. A reader takes it at the end of its line
  /// (WHATWG HTML 9.2.6).
  func opening(for session: EventStreamSession) -> EventStreamBytes? {
    if let opening = session.handler.opening { return opening }
    let configuration = session.handler.configuration
    var bytes: [UInt8] = []
    // It cannot fail: the comment was checked with the configuration.
    if let comment = configuration.openingComment { try? EventStreamEncoder.encode(comment: comment, into: &bytes) }
    if let time = configuration.reconnectionTime { bytes += retryLine(time, configuration).utf8 }
    return LogSegment.standalone(bytes, budget: hub.budget)
  }

  /// A `retry` for a reader that is sent away: spread, so that those who leave together do not return together. Nothing
  /// follows that could carry it, so it is a block of its own: clients that go by blocks would not take it otherwise.
  func finalRetry(for session: EventStreamSession) -> EventStreamBytes? {
    let configuration = session.handler.configuration
    let line = retryLine(configuration.reconnectionTime ?? .seconds(3), configuration)
    return LogSegment.standalone(Array((line + "\n").utf8), budget: hub.budget)
  }

  private func retryLine(_ time: Duration, _ configuration: EventStreamHandler.Configuration) -> String {
    "retry: \(spread(time, by: configuration.reconnectionJitter) / 1_000_000)\n"
  }

  /// Says in the stream that events are missing.
  func sendGap(to subscription: Subscription, after lastEventID: String?, earliest: String?) {
    tally.gaps += 1
    // An ID that could not be looked at says nothing: what is held may be what the reader has.
    let isUnusable = lastEventID == StreamPlan.unusableLastEventID
    let gap = GapEvent(
      channel: subscription.requestedName, lastEventID: isUnusable ? nil : lastEventID,
      earliestAvailable: isUnusable ? nil : earliest)
    sendNotice(gap.serverSentEvent, to: subscription.session)
  }

  /// Adds an event without an ID to the stream's own bytes.
  func sendNotice(_ event: ServerSentEvent, to session: EventStreamSession) {
    var bytes: [UInt8] = []
    do {
      try EventStreamEncoder.encode(event, into: &bytes)
    } catch {
      preconditionFailure("JSON in one line can be encoded: \(error)")
    }
    addOwn(bytes, to: session)
  }

  /// Adds whole blocks to what the stream gets next. Not while it is within an event.
  func addOwn(_ bytes: [UInt8], to session: EventStreamSession) {
    precondition(session.output == .nothing || session.output == .own, "a block was put into the middle of another")
    let before = session.ownBytes
    session.setOwn(
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
