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
      if case .waiting = session.phase { runs.load(name, for: mailbox) }
      return
    }
    switch session.handler.configuration.missingChannel {
    case .finished: reject(session, .finished)
    case .waits(let time) where !plan.isHead: wait(session, plan, for: name, requestedAs: requested, upTo: time)
    case .notFound, .waits: reject(session, .unknownChannel(requested))
    }
  }

  private func wait(
    _ session: EventStreamSession, _ plan: StreamPlan, for name: ChannelName, requestedAs requested: ChannelName,
    upTo time: Duration
  ) {
    plan.waitEnd = min(plan.waitEnd, now + time.nanoseconds)
    guard plan.waitEnd > now else { return reject(session, .unknownChannel(requested)) }
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
    if isThere { mailbox.post(.opened(name)) }
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
