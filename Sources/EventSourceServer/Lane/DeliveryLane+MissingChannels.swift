import Synchronization

/// Requests for channels that do not exist.
extension DeliveryLane {
  /// The maximum time to read a run from its history.
  private static let historyTime = Duration.seconds(30)

  /// Responds as the endpoint is configured, or lets the request wait. Nothing of a stream has been written.
  func channelIsMissing(
    _ session: EventStreamSession, _ plan: StreamPlan, _ name: ChannelName, requestedAs requested: ChannelName
  ) {
    if let runs = session.handler.runs, runs.repository != nil {
      // The run was loaded, but its memory was reclaimed before the reader could be subscribed.
      guard !plan.wasSought else { return refuseForNow(session) }
      plan.wasSought = true
      wait(session, plan, for: name, requestedAs: requested, upTo: Self.historyTime)
      guard case .waiting = session.phase else { return }
      plan.isSought = true
      runs.load(name, for: session, on: mailbox)
      return
    }
    switch session.handler.configuration.missingChannel {
    case .finished: reject(session, .finished)
    case .waits(let time) where !plan.isHead: wait(session, plan, for: name, requestedAs: requested, upTo: time)
    case .notFound, .waits: rejectUnknown(session, requested)
    }
  }

  /// Rejects a request for a channel or a run that does not exist.
  func rejectUnknown(_ session: EventStreamSession, _ requested: ChannelName) {
    reject(session, session.handler.runs == nil ? .unknownChannel(requested) : .unknownRun(requested))
  }

  /// Lets a viewer wait whose last event this process may not have yet. It may come from a process that is ahead.
  func waitUntilCaughtUp(
    _ session: EventStreamSession, _ plan: StreamPlan, for name: ChannelName, requestedAs requested: ChannelName
  ) {
    wait(session, plan, for: name, requestedAs: requested, upTo: Self.historyTime, isMissing: false)
    guard case .waiting = session.phase, let id = plan.lastEventID, let runs = session.handler.runs else { return }
    // The event may have come before the request was counted as waiting.
    if !runs.isBehind(id, name) { mailbox.post(.opened(name)) }
    guard plan.catchUp == nil else { return }
    let catchUp = RunCatchUp()
    plan.catchUp = catchUp
    runs.catchUp(name, id, catchUp, for: session, on: mailbox)
  }

  private func wait(
    _ session: EventStreamSession, _ plan: StreamPlan, for name: ChannelName, requestedAs requested: ChannelName,
    upTo time: Duration, isMissing: Bool = true
  ) {
    plan.waitEnd = min(plan.waitEnd, now + time.nanoseconds)
    guard plan.waitEnd > now else {
      // A run that this process has not read in time may be in the history.
      if plan.isSought || plan.catchUp != nil { return refuseForNow(session) }
      return rejectUnknown(session, requested)
    }
    unsubscribe(session)
    setIdentity(nil, of: session)
    session.composite = nil
    session.requestedNames = nil
    session.recheck = nil
    session.setOwn(nil)
    session.grantEnd = .never
    session.lifetimeEnd = .never
    session.windowOrigin = 0
    session.phase = .waiting(ChannelWait(plan, for: name, requestedAs: requested))
    waitingRequests[name, default: [:]][ObjectIdentifier(session)] = session
    // The request is counted before the lookup. A thread that opens the channel from now on notifies the lanes, and a
    // channel that was opened before is found.
    hub.waitingRequests.add(1, ordering: .sequentiallyConsistent)
    let isThere =
      session.handler.runs.map { $0.channel(named: name) != nil } ?? hub.channels.withLock { $0[name] != nil }
    if isThere, isMissing { mailbox.post(.opened(name)) }
    schedule(session)
  }

  /// Handles a message that a channel was opened. Requests that wait for it start over with the authorizer.
  func opened(_ name: ChannelName) {
    guard let waiting = waitingRequests[name] else { return }
    for session in waiting.values {
      guard case .waiting(let wait) = session.phase else { continue }
      endWaiting(session)
      session.phase = .arrived(wait.plan)
      schedule(session)
      enqueue(session)
    }
  }

  /// Ends the request's wait, if there is one.
  func endWaiting(_ session: EventStreamSession) {
    guard case .waiting(let wait) = session.phase else { return }
    waitingRequests[wait.channel]?[ObjectIdentifier(session)] = nil
    if waitingRequests[wait.channel]?.isEmpty == true { waitingRequests[wait.channel] = nil }
    hub.waitingRequests.subtract(1, ordering: .sequentiallyConsistent)
  }
}
