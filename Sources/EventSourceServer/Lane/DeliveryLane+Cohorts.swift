/// Who is offered what is new together with others.
extension DeliveryLane {
  /// The stream has everything: from now on it is offered what is published as it is published, if it is where the
  /// others are.
  func joinCohort(_ exchange: EventStreamExchange) {
    guard exchange.cohort == nil, exchange.isOpen, !exchange.isBlocked, !exchange.isQueued,
      exchange.output == .nothing
    else { return }
    for subscription in exchange.subscriptions {
      guard subscription.state == .live, subscription.audience.pass == nil, subscription.replayed == nil,
        subscription.window == 0,
        subscription.cursor == subscription.audience.position
      else { return }
    }
    guard let first = exchange.subscriptions.first?.audience else { return }
    for subscription in exchange.subscriptions { subscription.audience.move(subscription, to: .cohort) }
    first.cohort(for: exchange).insert(exchange)
  }

  /// The stream goes on alone, from where it is.
  func leaveCohort(_ exchange: EventStreamExchange) {
    guard let cohort = exchange.cohort else { return }
    exchange.composite = cohort.composite
    for subscription in exchange.subscriptions {
      let audience = subscription.audience
      subscription.cursor = audience.position
      subscription.ordinal = audience.ordinal
      exchange.lastWrite = max(exchange.lastWrite, audience.lastOffer)
      if let pass = audience.pass, hasBeenOffered(pass, exchange, cohort, audience) {
        subscription.cursor = pass.piece.end
        subscription.ordinal = pass.piece.endOrdinal
        if pass.cohort === cohort { exchange.composite = pass.composite }
      }
      audience.insert(subscription, into: .idle)
    }
    cohort.remove(exchange)
  }

  /// Whether a member has the piece that is under way.
  private func hasBeenOffered(
    _ pass: BroadcastPass, _ exchange: EventStreamExchange, _ cohort: Cohort, _ audience: LaneAudience
  ) -> Bool {
    if pass.cohort === cohort { return exchange.cohortIndex >= pass.index }
    return audience.cohorts.prefix(pass.cohortIndex).contains { $0 === cohort }
  }

  /// When the stream was written to last.
  func lastWrite(to exchange: EventStreamExchange) -> Int64 {
    guard let cohort = exchange.cohort else { return exchange.lastWrite }
    return cohort.audiences.reduce(exchange.lastWrite) { max($0, $1.lastOffer) }
  }
}
