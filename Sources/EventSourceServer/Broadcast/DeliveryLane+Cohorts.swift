/// Membership of cohorts: the streams of the same channels that are offered new events together.
extension DeliveryLane {
  /// Adds a stream that has everything to the cohort of its channels, if it is at the same position. From then on the
  /// cohort offers it new events.
  func joinCohort(_ session: EventStreamSession) {
    guard session.cohort == nil, session.isOpen, !session.isBlocked, !session.isQueued,
      session.output == .nothing, canFollow(session)
    else { return }
    for subscription in session.subscriptions {
      guard subscription.state == .live, subscription.audience.pass == nil, subscription.replayed == nil,
        subscription.window == 0,
        subscription.cursor == subscription.audience.position
      else { return }
    }
    guard let first = session.subscriptions.first?.audience else { return }
    for subscription in session.subscriptions { subscription.audience.move(subscription, to: .cohort) }
    first.cohort(for: session, follow(session, first)).insert(session)
  }

  /// Removes a stream from its cohort. It continues alone from its current position.
  func leaveCohort(_ session: EventStreamSession) {
    guard let cohort = session.cohort else { return }
    session.composite = cohort.composite
    for subscription in session.subscriptions {
      let audience = subscription.audience
      subscription.cursor = audience.position
      subscription.ordinal = audience.ordinal
      session.lastWrite = max(session.lastWrite, audience.lastOffer)
      let isOffered = audience.pass.map { hasBeenOffered($0, session, cohort, audience) } ?? false
      if let pass = audience.pass, isOffered {
        subscription.cursor = pass.piece.end
        subscription.ordinal = pass.piece.endOrdinal
        if pass.cohort === cohort { session.composite = pass.composite }
      }
      if let encoder = session.encoder { unfollow(encoder, cohort, audience, isOffered: isOffered) }
      audience.insert(subscription, into: .idle)
    }
    cohort.remove(session)
  }

  /// Returns whether a member has already been offered the piece that is being broadcast.
  private func hasBeenOffered(
    _ pass: BroadcastPass, _ session: EventStreamSession, _ cohort: Cohort, _ audience: LaneAudience
  ) -> Bool {
    if pass.cohort === cohort { return session.cohortIndex >= pass.index }
    return audience.cohorts.prefix(pass.cohortIndex).contains { $0 === cohort }
  }

  /// Returns the time of the last write to the stream.
  func lastWrite(to session: EventStreamSession) -> Int64 {
    guard let cohort = session.cohort else { return session.lastWrite }
    return cohort.audiences.reduce(session.lastWrite) { max($0, $1.lastOffer) }
  }
}
