internal import EventSourceFormat

/// The few bytes that are one stream's own, at its beginning and at its end.
extension DeliveryLane {
  /// The stream's first lines, if so configured: a comment, then a `retry`.
  ///
  /// No blank line follows, so that the `retry` is in the block of what comes next, an event or a heartbeat: as a block
  /// of its own, several clients hand it to their program as an empty event. A reader takes it at the end of its line
  /// (WHATWG HTML 9.2.6).
  func opening(for exchange: EventStreamExchange) -> EventStreamBytes? {
    let configuration = exchange.handler.configuration
    var bytes: [UInt8] = []
    // It cannot fail: the comment was checked with the configuration.
    if let comment = configuration.openingComment { try? EventStreamEncoder.append(comment: comment, to: &bytes) }
    if let time = configuration.reconnectionTime { bytes += retryLine(time, configuration).utf8 }
    return LogSegment.holding(byteCount: bytes.count, budget: hub.budget) { $0.copyBytes(from: bytes) }
  }

  /// A `retry` for a reader that is sent away: spread, so that those who leave together do not return together. Nothing
  /// follows that could carry it, so it is a block of its own: clients that go by blocks would not take it otherwise.
  func farewell(for exchange: EventStreamExchange) -> EventStreamBytes? {
    let configuration = exchange.handler.configuration
    let bytes = (retryLine(configuration.reconnectionTime ?? .seconds(3), configuration) + "\n").utf8
    return LogSegment.holding(byteCount: bytes.count, budget: hub.budget) { $0.copyBytes(from: bytes) }
  }

  private func retryLine(_ time: Duration, _ configuration: EventStreamHandler.Configuration) -> String {
    "retry: \(spread(time, by: configuration.reconnectionJitter) / 1_000_000)\n"
  }
}
