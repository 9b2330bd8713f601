internal import EventSourceFormat

/// The few bytes that are one stream's own, at its beginning and at its end.
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
    return LogSegment.holding(byteCount: bytes.count, budget: hub.budget) { $0.copyBytes(from: bytes) }
  }

  /// A `retry` for a reader that is sent away: spread, so that those who leave together do not return together.
  func farewell(for exchange: EventStreamExchange) -> EventStreamBytes? {
    let configuration = exchange.handler.configuration
    var bytes: [UInt8] = []
    appendRetry(configuration.reconnectionTime ?? .seconds(3), configuration, to: &bytes)
    return LogSegment.holding(byteCount: bytes.count, budget: hub.budget) { $0.copyBytes(from: bytes) }
  }

  private func appendRetry(
    _ time: Duration, _ configuration: EventStreamHandler.Configuration, to bytes: inout [UInt8]
  ) {
    let spread = Duration.nanoseconds(spread(time, by: configuration.reconnectionJitter))
    try? EventStreamEncoder.append(reconnectionTime: spread, to: &bytes)
  }
}
