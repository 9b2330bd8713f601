/// Serving of single streams outside of a cohort.
extension DeliveryLane {
  /// The maximum number of bytes for one stream before others are served.
  private static let turnBytes = 1 << 20

  /// Writes a stream's outstanding data: what it has begun, then what its channels have in turn, then its end. Stops
  /// when the connection accepts no more, nothing is left, or the turn's bytes are used up.
  func serve(_ session: EventStreamSession) {
    session.isQueued = false
    if case .arrived(let plan) = session.phase { return authorize(session, plan) }
    if case .answering(let pending) = session.phase { return begin(session, pending) }
    var turn = Self.turnBytes
    while session.isStreaming, !session.isBlocked {
      guard turn > 0, allowance > 0 else { return enqueue(session) }
      if let encoder = session.encoder {
        if let pending = encoder.pending {
          allowance -= 1
          flush(pending, to: session, encoder)
          continue
        }
        // Nothing follows the end of the coding.
        if encoder.isComplete { return end(session) }
      }
      let taken: Int
      switch session.output {
      case .own:
        taken = writeOwn(session)
      case .event(let number):
        taken = continueEvent(of: session.subscriptions[Int(number)])
      case .nothing:
        if let subscription = nextSubscription(of: session) {
          taken = serve(subscription)
        } else if session.isLeaving {
          return end(session)
        } else {
          guard beginsContent(session) else { return caughtUp(session) }
          continue
        }
      }
      turn -= taken
      allowance -= 1 + taken >> 14
    }
    if session.isStreaming { becameBlocked(session) }
  }

  /// Writes bytes. Without a content coding, the stream is blocked if not all were accepted.
  ///
  /// - Returns: The number of bytes accepted or, with a content coding, encoded. `nil` if the stream is over.
  func write(_ bytes: borrowing EventStreamBytes, to session: EventStreamSession) -> Int? {
    if let encoder = session.encoder { return write(bytes, to: session, encoder) }
    return account(session.response.write(bytes), of: bytes.count, to: session)
  }

  /// Records the result of a write of `count` bytes.
  func account(_ result: EventStreamWriteResult, of count: Int, to session: EventStreamSession) -> Int? {
    switch result {
    case .peerDisconnected:
      finish(session, .peerDisconnected, ending: nil)
      return nil
    case .accepted(let taken):
      precondition(0 <= taken && taken <= count, "a response accepted \(taken) of \(count) bytes")
      tally.sentBytes += taken
      if taken > 0 { session.lastWrite = now }
      if taken < count { session.blockedSince = now }
      return taken
    }
  }

  func becameWritable(_ session: EventStreamSession) {
    wasCalled()
    guard session.isStreaming, session.isBlocked else { return }
    session.blockedSince = .never
    enqueue(session)
  }

  func peerDisconnected(_ session: EventStreamSession) {
    wasCalled()
    finish(session, .peerDisconnected, ending: nil)
  }

  private func writeOwn(_ session: EventStreamSession) -> Int {
    guard let bytes = session.ownBytes else {
      session.output = .nothing
      return 0
    }
    guard let taken = write(bytes, to: session) else { return 0 }
    session.setOwn(taken == bytes.count ? nil : bytes.dropFirst(taken))
    return taken
  }

  /// Returns the next channel to serve. The channels of a stream take turns, so that much data in one does not delay
  /// another.
  private func nextSubscription(of session: EventStreamSession) -> Subscription? {
    let count = session.subscriptions.count
    for offset in 0..<count {
      let index = (session.nextToServe + offset) % count
      let subscription = session.subscriptions[index]
      guard subscription.state.isToBeServed else { continue }
      session.nextToServe = (index + 1) % count
      return subscription
    }
    return nil
  }

  private func serve(_ subscription: Subscription) -> Int {
    switch subscription.state {
    case .replaying:
      continueReplay(of: subscription)
      return 0
    case .skipping:
      skip(subscription)
      return 0
    case .behind where subscription.window > 0:
      return giveNewest(to: subscription)
    case .behind, .conflating:
      return giveNext(to: subscription)
    case .live, .held, .removed:
      return 0
    }
  }

  /// Sends a reader the next part of its channel's log.
  ///
  /// - Returns: The number of bytes accepted.
  private func giveNext(to subscription: Subscription) -> Int {
    switch subscription.channel.read(from: subscription.cursor) {
    case .nothing:
      apply(.caughtUp, to: subscription)
      return 0
    case .evicted:
      apply(.evicted(isWithinEvent: false), to: subscription)
      return 0
    case .piece(let piece, _):
      guard subscription.isPlain else { return giveBlocks(of: piece, to: subscription) }
      return giveWhole(piece, to: subscription)
    }
  }

  private func giveWhole(_ whole: LogPiece, to subscription: Subscription) -> Int {
    let session = subscription.session
    let piece = session.encoder == nil ? whole : whole.limited(to: Self.copiedBytes, large: Self.copiedBytes)
    guard let taken = write(piece.bytes, to: session) else { return 0 }
    subscription.cursor += UInt64(taken)
    guard subscription.cursor == piece.end else {
      // A large event that is encoded in parts. A short write is looked at when the stream is blocked.
      if session.encoder != nil { session.output = .event(subscription.number) }
      return taken
    }
    tally.delivered += Int(piece.endOrdinal - min(subscription.ordinal, piece.endOrdinal))
    subscription.ordinal = piece.endOrdinal
    return taken
  }

  /// Continues an event that the response has begun.
  private func continueEvent(of subscription: Subscription) -> Int {
    switch subscription.channel.read(from: subscription.cursor) {
    case .nothing, .evicted:
      // The event cannot be completed, whatever the channel's state.
      finish(subscription.session, .fellBehind, ending: .aborted)
      return 0
    case .piece(let piece, _):
      guard subscription.isPlain else { return giveEvent(to: subscription, block: piece.firstBlock, of: piece.segment) }
      subscription.session.output = .nothing
      return giveWhole(piece, to: subscription)
    }
  }

  /// Sends the newest event at the end of a coalescing window, and skips the events before it.
  private func giveNewest(to subscription: Subscription) -> Int {
    let channel = subscription.channel
    guard let newest = channel.newestEvent(behind: subscription.cursor),
      case .piece(let piece, _) = channel.read(from: newest)
    else {
      let log = channel.snapshot()
      let isMissing = log.hasEvictedNewestEvent(behind: subscription.cursor)
      subscription.cursor = log.end
      subscription.ordinal = log.endOrdinal
      apply(.caughtUp, to: subscription)
      if isMissing { sendGap(to: subscription, after: nil, earliest: nil) }
      return 0
    }
    tally.coalesced += Int(piece.startOrdinal - min(subscription.ordinal, piece.startOrdinal))
    subscription.cursor = newest
    subscription.ordinal = piece.startOrdinal
    let taken = giveBlocks(of: piece.limited(to: 0, large: 0), to: subscription)
    // Events from now on wait for the next window.
    guard subscription.session.isStreaming, subscription.cursor >= piece.limited(to: 0, large: 0).end else {
      return taken
    }
    apply(.caughtUp, to: subscription)
    if channel.hasUnread(behind: subscription.cursor) { apply(.published, to: subscription) }
    return taken
  }

  /// Handles a reader that is caught up. From now on it is offered new events as they are published.
  private func caughtUp(_ session: EventStreamSession) {
    tellRemovals(to: session)
    endWithRun(session)
    guard session.output == .nothing, session.isOpen else {
      if session.isStreaming { enqueue(session) }
      return
    }
    joinCohort(session)
    schedule(session)
  }
}
