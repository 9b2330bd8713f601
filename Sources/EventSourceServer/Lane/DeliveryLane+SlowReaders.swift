internal import EventSourceFormat

/// What becomes of readers that take less than is published, by the rules of their channels.
extension DeliveryLane {
  /// Something happens to one of a stream's channels. The one place where a subscription's state changes.
  func apply(_ input: SubscriptionState.Input, to subscription: Subscription) {
    let session = subscription.session
    let rules = subscription.rules
    let before = subscription.state.deadline(rules)
    let stateBefore = transitionObserver == nil ? nil : subscription.state
    let wasReplaying = subscription.state.isReplaying
    let effect = subscription.state.apply(input, at: now, rules)
    if let stateBefore { transitionObserver?(stateBefore, subscription.state) }
    if subscription.state.isReplaying != wasReplaying { subscription.audience.countReplay(wasReplaying ? -1 : 1) }
    if subscription.list != .cohort {
      subscription.audience.move(subscription, to: subscription.state == .live ? .idle : .waiting)
    }
    switch effect {
    case .nothing: break
    case .serve: serveSoon(session)
    case .skip(let reason):
      hub.log(.info, "a slow reader will miss events") {
        [("channel", subscription.channel.name.rawValue), ("reason", reason.rawValue)]
      }
      serveSoon(session)
    case .disconnect(let reason): return finish(session, reason, ending: .aborted)
    case .sendAway(let reason): return sendAway(subscription, reason)
    }
    if subscription.state.deadline(rules) != before { schedule(session) }
  }

  /// The connection takes no more: what is unread waits from now on.
  func becameBlocked(_ session: EventStreamSession) {
    if hub.budget.isExceededByReaders, session.output == .own {
      return finish(session, .overBudget, ending: .aborted)
    }
    for subscription in session.subscriptions {
      if subscription.state.isReplaying {
        releaseBatch(of: subscription)
      } else if subscription.channel.hasUnread(behind: subscription.cursor) || subscription.isWithinEvent {
        // It may have been offered what it has not taken: then it is no longer live.
        if subscription.state == .live { apply(.published, to: subscription) }
        apply(.blocked, to: subscription)
      }
      guard session.isStreaming else { return }
    }
    if session.output == .nothing, let subscription = session.subscriptions.first, subscription.mayBeWithinEvent {
      keepRestOfEvent(for: subscription)
    }
    schedule(session)
  }

  /// A reader that may be moved on in the log is moved from an event's end: the rest of one that it has begun to take
  /// is kept for it, if that is little.
  private func keepRestOfEvent(for subscription: Subscription) {
    let session = subscription.session
    switch subscription.channel.read(from: subscription.cursor) {
    case .nothing: return
    case .evicted:
      // It was evicted while it was being written, and nobody can say any more whether an event ended there.
      session.output = .event(subscription.number)
    case .piece(let piece, _):
      guard !piece.isAtBoundary else { return }
      let end = piece.segment.start + UInt64(piece.segment.entry(piece.firstBlock).end)
      let left = Int(end - subscription.cursor)
      guard subscription.audience.rules.slowReaders != .disconnect || subscription.window > 0,
        left <= Self.largeEvent
      else {
        session.output = .event(subscription.number)
        return
      }
      let rest = piece.segment.block(piece.firstBlock).suffix(left)
      session.setOwn(LogSegment.standalone(Array(rest), budget: hub.budget))
      tally.delivered += 1
      subscription.cursor = end
      subscription.ordinal = piece.startOrdinal + 1
    }
  }

  /// Looks for readers whose next event is gone, or for whom too much waits.
  func lookAtSlowReaders(of audience: LaneAudience) {
    let channel = audience.channel
    let (start, end) = channel.withState { ($0.log.start, $0.log.end) }
    for subscription in audience.waiting.reversed() {
      let isWithinEvent = subscription.isWithinEvent
      if subscription.cursor < start {
        apply(.evicted(isWithinEvent: isWithinEvent), to: subscription)
      } else if subscription.session.isBlocked, end > subscription.cursor,
        end - subscription.cursor > audience.rules.maximumBacklogBytes
      {
        apply(.backlogExceeded(isWithinEvent: isWithinEvent), to: subscription)
      }
    }
  }

  /// Single readers cause too many bytes: those whose connections take nothing leave, the slowest first.
  func disconnectSlowReaders() {
    guard hub.budget.isExceededByReaders else { return }
    for session in sessions.filter(\.isBlocked).sorted(by: { $0.blockedSince < $1.blockedSince }) {
      guard hub.budget.isExceededByReaders else { return }
      finish(session, .overBudget, ending: .aborted)
    }
  }

  /// Moves a reader on in the log, and says so in its stream.
  func skip(_ subscription: Subscription) {
    let log = subscription.channel.snapshot()
    var place = LogSnapshot.Place(position: log.start, ordinal: log.startOrdinal)
    if subscription.audience.rules.slowReaders != .newestPerKey, let newest = log.newestEvent { place = newest }
    let isForward = place.position > subscription.cursor
    // Behind a cut nobody knows how the events lie to what the reader has.
    let crossesCut = subscription.cursor < log.lastCut
    if isForward {
      tally.skipped += Int(place.ordinal - min(subscription.ordinal, place.ordinal))
      subscription.cursor = place.position
      subscription.ordinal = place.ordinal
    }
    apply(.moved, to: subscription)
    guard subscription.session.isStreaming else { return }
    sendGap(to: subscription, after: nil, earliest: crossesCut ? nil : log.id(at: subscription.cursor))
  }

  /// A channel's rules have changed: its readers are looked at by the new ones.
  func reconfigured(_ audience: LaneAudience) {
    audience.rules = audience.channel.withState { $0.rules }
    guard audiences[ObjectIdentifier(audience.channel)] === audience else { return }
    for subscription in subscriptions(of: audience.channel) where !subscription.session.isFinished {
      let session = subscription.session
      if subscription.window > 0 {
        // Not before it is known that it is offered events at moments of its own.
        leaveCohort(session)
        setWindowOrigin(of: session)
      }
      apply(.reconfigured(isBlocked: session.isBlocked), to: subscription)
      joinCohort(session)
      schedule(session)
    }
    lookAtSlowReaders(of: audience)
  }

  /// Chooses at which moments the stream's coalescing windows end, unless that is known.
  func setWindowOrigin(of session: EventStreamSession) {
    let longest = session.subscriptions.lazy.map(\.window).max() ?? 0
    guard longest > 0, session.windowOrigin == 0 else { return }
    session.windowOrigin = now - Int64.random(in: 0..<longest, using: &random)
  }

  private func serveSoon(_ session: EventStreamSession) {
    if session.isStreaming, !session.isBlocked { enqueue(session) }
  }
}
