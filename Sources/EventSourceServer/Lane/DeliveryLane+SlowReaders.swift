internal import EventSourceFormat

/// Handling of readers that receive more slowly than events are published, by the rules of their channels.
extension DeliveryLane {
  /// Applies an input to the state of a subscription. This is the only place where a subscription's state changes.
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
    case .disconnect(let reason):
      // A request that waits for the history of another channel has no stream yet, and needs a response.
      return session.isStreaming ? finish(session, reason, ending: .aborted) : refuseForNow(session)
    case .sendAway(let reason): return sendAway(subscription, reason)
    }
    if subscription.state.deadline(rules) != before { schedule(session) }
  }

  /// Handles a connection that accepts no more bytes. From now on, unread events wait.
  func becameBlocked(_ session: EventStreamSession) {
    if hub.budget.isExceededByReaders, session.output == .own || session.encoder?.pending != nil {
      return finish(session, .overBudget, ending: .aborted)
    }
    for subscription in session.subscriptions {
      if subscription.state.isReplaying {
        releaseBatch(of: subscription)
      } else if subscription.channel.hasUnread(behind: subscription.cursor) || subscription.isWithinEvent {
        // The reader may have been offered events that it did not accept. In that case it is no longer live.
        if subscription.state == .live { apply(.published, to: subscription) }
        apply(.blocked, to: subscription)
      }
      guard session.isStreaming else { return }
    }
    // With a content coding, only whole blocks are written, or `output` names the event.
    if session.encoder == nil, session.output == .nothing, let subscription = session.subscriptions.first,
      subscription.mayBeWithinEvent
    {
      keepRestOfEvent(for: subscription)
    }
    schedule(session)
  }

  /// A reader that may be moved forward in the log is moved only at the end of an event. If it has received part of an
  /// event, the rest is kept for it, unless it is large.
  private func keepRestOfEvent(for subscription: Subscription) {
    let session = subscription.session
    switch subscription.channel.read(from: subscription.cursor) {
    case .nothing: return
    case .evicted:
      // The position was evicted during the write, so it is unknown whether an event ended there.
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

  /// Finds readers whose next event was evicted or whose backlog is too large.
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

  /// Disconnects blocked readers, the slowest first, while individual readers hold too much memory.
  func disconnectSlowReaders() {
    guard hub.budget.isExceededByReaders else { return }
    for session in sessions.filter(\.isBlocked).sorted(by: { $0.blockedSince < $1.blockedSince }) {
      guard hub.budget.isExceededByReaders else { return }
      finish(session, .overBudget, ending: .aborted)
    }
  }

  /// Moves a reader forward in the log, and adds a gap event to its stream.
  func skip(_ subscription: Subscription) {
    let log = subscription.channel.snapshot()
    var place = log.startPlace
    if subscription.audience.rules.slowReaders != .newestPerKey, let newest = log.newestEvent { place = newest }
    let isForward = place.position > subscription.cursor
    // Across a cut, the positions of the events relative to the reader's are unknown.
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

  /// Applies a channel's new rules to its readers.
  func reconfigured(_ audience: LaneAudience) {
    audience.rules = audience.channel.withState { $0.rules }
    guard audiences[ObjectIdentifier(audience.channel)] === audience else { return }
    for subscription in subscriptions(of: audience.channel) where !subscription.session.isFinished {
      let session = subscription.session
      if subscription.window > 0 {
        // The stream leaves its cohort only when it is known to get events at its own times.
        leaveCohort(session)
        setWindowOrigin(of: session)
      }
      apply(.reconfigured(isBlocked: session.isBlocked), to: subscription)
      joinCohort(session)
      schedule(session)
    }
    lookAtSlowReaders(of: audience)
  }

  /// Chooses the phase of the stream's coalescing windows, unless it is already chosen.
  func setWindowOrigin(of session: EventStreamSession) {
    let longest = session.subscriptions.lazy.map(\.window).max() ?? 0
    guard longest > 0, session.windowOrigin == 0 else { return }
    session.windowOrigin = now - Int64.random(in: 0..<longest, using: &random)
  }

  private func serveSoon(_ session: EventStreamSession) {
    if session.isStreaming, !session.isBlocked { enqueue(session) }
  }
}
