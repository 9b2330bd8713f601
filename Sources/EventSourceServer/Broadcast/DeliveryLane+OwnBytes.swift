internal import EventSourceFormat

/// Bytes of a stream that are not from a log: its opening, gap events, removal events, and the final `retry`.
extension DeliveryLane {
  /// Returns the stream's first lines, if configured: a comment, then a `retry`.
  ///
  /// No empty line follows, so the `retry` is part of the block of the first event or heartbeat. Several clients
  /// deliver a block with only `retry` to the application as an empty event. A conforming reader applies the `retry` as
  /// soon as it has read the line (WHATWG HTML 9.2.6).
  func opening(for session: EventStreamSession) -> EventStreamBytes? {
    if let opening = session.handler.opening { return opening }
    let configuration = session.handler.configuration
    var bytes: [UInt8] = []
    // This cannot fail: the comment was validated with the configuration.
    if let comment = configuration.openingComment { try? EventStreamEncoder.encode(comment: comment, into: &bytes) }
    if let time = configuration.reconnectionTime { bytes += retryLine(time, configuration).utf8 }
    return LogSegment.standalone(bytes, budget: hub.budget)
  }

  /// Returns the final `retry` for a reader that is disconnected. Its time is randomized, so that readers which leave
  /// together do not return together. Nothing follows that could carry it, so it is a block of its own. Clients that
  /// process whole blocks would not apply it otherwise.
  func finalRetry(for session: EventStreamSession) -> EventStreamBytes? {
    let configuration = session.handler.configuration
    let line = retryLine(configuration.reconnectionTime ?? .seconds(3), configuration)
    return LogSegment.standalone(Array((line + "\n").utf8), budget: hub.budget)
  }

  private func retryLine(_ time: Duration, _ configuration: EventStreamHandler.Configuration) -> String {
    "retry: \(spread(time, by: configuration.reconnectionJitter) / 1_000_000)\n"
  }

  /// Adds a gap event to the stream.
  func sendGap(to subscription: Subscription, after lastEventID: String?, earliest: String?) {
    tally.gaps += 1
    // An unusable ID reveals nothing: the retained events may be the ones that the reader has.
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

  /// Adds whole blocks to the bytes that the stream gets next. The stream must not be within an event.
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
  /// Copies the bytes to the beginning of memory that has room for them.
  ///
  /// - Returns: The number of bytes.
  fileprivate func copy(to memory: UnsafeMutableRawBufferPointer) -> Int {
    withUnsafeBytes { memory.copyMemory(from: $0) }
    return count
  }
}
