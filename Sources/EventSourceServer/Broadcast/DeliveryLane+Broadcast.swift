/// Broadcasting of a channel's new events to all readers that have everything else.
extension DeliveryLane {
  /// The number of bytes to offer between two checks of the readers that are behind.
  private static let lookInterval: UInt64 = 16 << 10
  /// The maximum bytes to stamp with composite IDs at once, and the size above which an event is not copied.
  static let stampedBytes = 16 << 10
  static let largeEvent = 8 << 10

  /// Offers the next piece of a channel's log: as much as is contiguous in one segment, so that a burst is one write.
  /// Other channels and streams are served between two pieces.
  ///
  /// Nothing is allocated and no lock is held while the responses are written to.
  ///
  /// - Returns: `false` if this run may not write more. The next run continues with the same piece.
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
          isStamped ? piece.limited(to: Self.stampedBytes, large: Self.largeEvent) : limited(piece, audience),
          logEnd: end)
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
    if cohort.form != .plain {
      pass.parts.append(encodedPiece(of: pass, audience).form(isFollowing: cohort.form == .shared, budget: hub.budget))
    } else if cohort.audiences.count == 1 {
      pass.parts.append(pass.piece.bytes)
    } else {
      let number = cohort.audiences.firstIndex { $0 === audience }!
      pass.parts += stamp(pass.piece, of: audience.channel, number, &pass.composite!)
    }
  }

  /// Writes to the members of a cohort that have not been offered the piece.
  ///
  /// For a member that accepts the piece, this reads only its entry in the list and its response. Sending evicts
  /// thousands of cache lines, so every other access would be a cache miss.
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
    // From the back, because another member takes the place of one that stalls or leaves.
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

  /// Writes the parts after the first one.
  ///
  /// - Returns: Whether the response accepted all of them.
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

  /// Handles a reader that did not accept all of a part. It leaves the cohort and continues alone.
  private func tookLess(
    of pass: BroadcastPass, _ audience: LaneAudience, part: Int, _ session: EventStreamSession,
    _ result: EventStreamWriteResult
  ) {
    guard let cohort = session.cohort, let subscription = subscription(of: session, in: audience) else { return }
    if let encoder = session.encoder { return tookLess(of: pass, session, encoder, result) }
    // The reader leaves as if it had not been offered the piece. The part that it has received is determined below.
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
      // The reader stopped within the shared part of a large event.
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

  /// Ends a broadcast after all members have been offered the piece.
  private func end(_ pass: BroadcastPass, _ audience: LaneAudience) {
    let (position, logEnd) = (pass.piece.end, pass.logEnd)
    audience.pass = nil
    audience.moveOn(to: position, ordinal: pass.piece.endOrdinal)
    if let encoded = pass.encoded { endCompression(of: encoded, audience) }
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

  /// Handles a log that has evicted events which the lane has not offered. Each reader notices when it is served.
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

  /// Handles a reader that has everything and is in no cohort: either there are new events, or it can now join a
  /// cohort.
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

/// Acknowledgements for publishers that wait until their event has been offered.
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
