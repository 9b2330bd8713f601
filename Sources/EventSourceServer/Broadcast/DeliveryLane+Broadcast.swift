/// What is new in a channel, offered to all who have everything else.
extension DeliveryLane {
  /// Readers that are behind are looked at when so many bytes have been offered since the last time.
  private static let lookInterval: UInt64 = 16 << 10
  /// What streams of several channels are given at once, and an event that is not copied for them.
  static let stampedBytes = 16 << 10
  static let largeEvent = 8 << 10

  /// Offers the next piece of a channel's log: as much as lies in one segment, so that a burst is one write. Other
  /// channels and streams come in between two pieces.
  ///
  /// Nothing is allocated and no lock is held while the responses are written to.
  ///
  /// - Returns: Whether all have been offered it; false: this run may not write more, and the next one goes on.
  func broadcast(to audience: LaneAudience) -> Bool {
    if audience.pass == nil {
      audience.unmark()
      switch audience.channel.read(from: audience.position) {
      case .nothing:
        return true
      case .evicted:
        fellOut(audience)
        return true
      case .piece(let piece, let end):
        let isStamped = audience.cohorts.contains { $0.audiences.count > 1 && !$0.members.isEmpty }
        pass.begin(
          isStamped ? piece.limited(to: Self.stampedBytes, large: Self.largeEvent) : piece, logEnd: end)
        audience.pass = pass
      }
    }
    guard let pass = audience.pass else { return true }
    while pass.cohortIndex < audience.cohorts.count {
      let cohort = audience.cohorts[pass.cohortIndex]
      if pass.cohort == nil { begin(pass, cohort, audience) }
      guard offer(pass, to: cohort, audience) else { return false }
      cohort.composite = pass.composite
      pass.cohort = nil
      pass.cohortIndex += 1
    }
    end(pass, audience)
    return true
  }

  private func begin(_ pass: BroadcastPass, _ cohort: Cohort, _ audience: LaneAudience) {
    pass.cohort = cohort
    pass.index = cohort.members.count
    pass.composite = cohort.composite
    pass.parts.removeAll(keepingCapacity: true)
    if cohort.members.isEmpty { return }
    if cohort.audiences.count == 1 {
      pass.parts.append(pass.piece.bytes)
    } else {
      let number = cohort.audiences.firstIndex { $0 === audience }!
      pass.parts += stamp(pass.piece, of: audience.channel, number, &pass.composite!)
    }
  }

  /// Writes to those members of a cohort that have not been offered the piece.
  ///
  /// Of a reader that takes it, nothing is looked at but its place in the list and its response, because every other
  /// line of memory would have to be fetched anew behind the thousands of lines that a kernel touches to send.
  private func offer(_ pass: BroadcastPass, to cohort: Cohort, _ audience: LaneAudience) -> Bool {
    guard let first = pass.parts.first else { return true }
    let count = pass.parts.count
    let byteCount = pass.parts.reduce(0) { $0 + $1.count }
    let cost = count + byteCount >> 14
    var done = 0
    defer {
      tally.sentBytes += done * byteCount
      tally.delivered += done * Int(pass.piece.endOrdinal - pass.piece.startOrdinal)
      audience.lastOffer = now
    }
    // From the back, because one that stalls or leaves is replaced in its place by another.
    while pass.index > 0 {
      guard allowance > 0 else { return false }
      allowance -= cost
      pass.index -= 1
      let index = pass.index
      switch cohort.members[index].response.write(first) {
      case .accepted(first.count):
        guard count == 1 || writeRest(of: pass, audience, cohort.members[index].session) else { continue }
        done += 1
      case let result: tookLess(of: pass, audience, part: 0, cohort.members[index].session, result)
      }
    }
    return true
  }

  /// The parts behind the first one, which was taken; whether all are.
  private func writeRest(of pass: BroadcastPass, _ audience: LaneAudience, _ session: EventStreamSession) -> Bool {
    for index in 1..<pass.parts.count {
      switch session.response.write(pass.parts[index]) {
      case .accepted(pass.parts[index].count): continue
      case let result:
        tally.sentBytes += pass.parts[..<index].reduce(0) { $0 + $1.count }
        tookLess(of: pass, audience, part: index, session, result)
        return false
      }
    }
    return true
  }

  /// A reader did not take all of a part: it goes on alone.
  private func tookLess(
    of pass: BroadcastPass, _ audience: LaneAudience, part: Int, _ session: EventStreamSession,
    _ result: EventStreamWriteResult
  ) {
    guard let cohort = session.cohort, let subscription = subscription(of: session, in: audience) else { return }
    // Not as one that was offered the piece: what it has of it is found out here.
    let piece = pass.piece!
    let composite = cohort.composite
    leaveCohort(session)
    subscription.cursor = piece.start
    subscription.ordinal = piece.startOrdinal
    session.composite = composite
    guard let taken = account(result, of: pass.parts[part].count, to: session) else { return }
    if cohort.audiences.count == 1 {
      subscription.cursor += UInt64(taken)
    } else if part == 0, pass.parts.count > 1 {
      // Within the shared part of a large event.
      subscription.cursor += UInt64(taken)
      if taken > 0 { session.output = .event(subscription.number) }
    } else if taken > 0 || part > 0 {
      session.setOwn(taken == 0 ? pass.parts[part] : pass.parts[part].dropFirst(taken))
      subscription.cursor = piece.end
      subscription.ordinal = piece.endOrdinal
      session.composite = pass.composite
      tally.delivered += Int(piece.endOrdinal - piece.startOrdinal)
    }
    becameBlocked(session)
  }

  /// All have been offered the piece.
  private func end(_ pass: BroadcastPass, _ audience: LaneAudience) {
    let (position, logEnd) = (pass.piece.end, pass.logEnd)
    audience.pass = nil
    audience.moveOn(to: position, ordinal: pass.piece.endOrdinal)
    pass.end()
    audience.removeEmptyCohorts()
    for subscription in audience.idle.reversed() { lookAtIdle(subscription, audience) }
    acknowledgeOffers(to: audience)
    if position < logEnd { enqueueBroadcast(of: audience) }
    guard position >= audience.lastLook + Self.lookInterval else { return releaseIfUnused(audience) }
    audience.lastLook = position
    lookAtSlowReaders(of: audience)
    releaseIfUnused(audience)
  }

  /// The log has evicted what the lane has not offered: each reader finds out when it is served.
  private func fellOut(_ audience: LaneAudience) {
    for cohort in audience.cohorts {
      while let member = cohort.members.last {
        leaveCohort(member.session)
        if let subscription = subscription(of: member.session, in: audience) { apply(.published, to: subscription) }
      }
    }
    let snapshot = audience.channel.snapshot()
    audience.moveOn(to: snapshot.end, ordinal: snapshot.endOrdinal)
    audience.removeEmptyCohorts()
    for subscription in audience.idle.reversed() { lookAtIdle(subscription, audience) }
    acknowledgeOffers(to: audience)
  }

  /// One that has everything and is in no cohort: more has come, or it can be in one now.
  private func lookAtIdle(_ subscription: Subscription, _ audience: LaneAudience) {
    if subscription.cursor < audience.position {
      apply(.published, to: subscription)
      if subscription.session.isBlocked { apply(.blocked, to: subscription) }
    } else if subscription.cursor == audience.position {
      joinCohort(subscription.session)
    }
  }

  private func subscription(of session: EventStreamSession, in audience: LaneAudience) -> Subscription? {
    session.subscriptions.first { $0.audience === audience }
  }
}

/// Publishers that await that their event has been offered.
extension DeliveryLane {
  func acknowledge(_ acknowledgement: OfferAcknowledgement, of channel: EventChannel) {
    guard let audience = audiences[ObjectIdentifier(channel)] else { return enqueue(acknowledgement) }
    audience.acknowledgements.append((channel.logEnd, acknowledgement))
    acknowledgeOffers(to: audience)
  }

  func acknowledgeOffers(to audience: LaneAudience) {
    while let next = audience.acknowledgements.first, next.position <= audience.position {
      audience.acknowledgements.removeFirst()
      enqueue(next.1)
    }
  }
}
