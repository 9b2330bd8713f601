internal import EventSourceFormat

/// From a request to an open stream.
extension DeliveryLane {
  /// Reserves a place for the session. The next run does the rest, because it knows the time.
  func admit(_ session: EventStreamSession) throws(EventStreamRejection) {
    wasCalled()
    let retryAfter = session.handler.configuration.retryAfter
    guard !isDraining, !isClosed else { throw .unavailable(retryAfter: retryAfter) }
    if let reason = hub.admissions.enter() { throw .unavailable(retryAfter: retryAfter, reason) }
    session.admission = Admission()
    insert(session)
    enqueue(session)
  }

  /// Opens the stream, responds to HEAD, or rejects the request for a reason that is only known now.
  func open(_ session: EventStreamSession, _ plan: StreamPlan, _ grant: ChannelGrant) {
    let retryAfter = session.handler.configuration.retryAfter
    guard hub.admissions.phase == .open, !isDraining else { return refuseForNow(session) }
    guard !grant.hasEnded else { return reject(session, .forbidden) }
    guard enter(session, caller: grant.identity ?? plan.request.peer) else {
      return reject(session, .tooManyStreams(retryAfter: retryAfter))
    }
    let permitted = grant.permitted(of: plan.channels)
    guard !permitted.isEmpty else { return reject(session, .forbidden) }
    session.phase = .resuming(plan)
    session.isJSONLines = plan.isJSONLines
    if permitted.count > 1 {
      session.composite = CompositeIDWriter(maximumBytes: session.handler.configuration.maximumLastEventIDBytes)
    }
    if let (requested, name) = permitted.first, isBehind(session, plan, name) {
      return waitUntilCaughtUp(session, plan, for: name, requestedAs: requested)
    }
    if permitted.contains(where: { $0.requested != $0.channel }) {
      session.requestedNames = permitted.map(\.requested)
    }
    for (requested, name) in permitted {
      do {
        switch try subscribe(session, to: name, isHead: plan.isHead) {
        case .subscribed: break
        case .isFull:
          return reject(session, .unavailable(retryAfter: retryAfter, "a channel has the maximum number of readers"))
        case .notFollowed: return waitUntilFollowed(permitted.map(\.channel), session, plan, grant)
        }
      } catch .unknownChannel {
        return channelIsMissing(session, plan, name, requestedAs: requested)
      } catch {
        return reject(session, .unavailable(retryAfter: retryAfter, "\(error)"))
      }
    }
    guard chooseCoding(for: session, plan) else { return reject(session, .noAcceptableCoding) }
    if plan.isHead {
      session.response.start(streamHead(session, body: .none))
      return close(session)
    }
    start(session, plan, grant)
  }

  /// Counts the stream for its caller, unless it is counted already.
  ///
  /// - Returns: `false` if the caller is at its limit.
  private func enter(_ session: EventStreamSession, caller: String?) -> Bool {
    let known = session.admission?.caller
    guard known.map(ExactString.init) != caller.map(ExactString.init) else { return true }
    if let known { hub.admissions.leave(onlyCaller: known) }
    session.admission?.caller = nil
    guard let caller else { return true }
    guard hub.admissions.enter(caller: caller) else { return false }
    session.admission?.caller = caller
    return true
  }

  private func start(_ session: EventStreamSession, _ plan: StreamPlan, _ grant: ChannelGrant) {
    let handler = session.handler
    if let time = handler.configuration.maximumStreamDuration {
      session.lifetimeEnd = now + spread(time, by: handler.configuration.streamDurationJitter)
    }
    setWindowOrigin(of: session)
    accept(grant, for: session, plan.request)
    session.setOwn(plan.isJSONLines ? nil : opening(for: session))
    if handler.runs != nil { watchRun(session) }
    let firstMissing = begin(session, lastEventID: plan.lastEventID)
    guard !session.isFinished else { return }
    if handler.runs != nil, isWaitingForRun(session, plan) { return schedule(session) }
    if case .reject(let status) = handler.configuration.gapPolicy {
      if let firstMissing { return reject(session, .eventsAreMissing(status: status, channel: firstMissing)) }
      let replaying = session.subscriptions.filter(\.state.isReplaying)
      for subscription in replaying where !session.isFinished { ask(for: subscription) }
      if !replaying.isEmpty { return schedule(session) }
    }
    sendHead(session)
  }

  /// Handles a repository's result before the head is sent. This applies if the endpoint rejects readers that are
  /// missing events.
  func answeredBeforeHead(_ session: EventStreamSession, _ subscription: Subscription) {
    guard let replay = subscription.replay, case .reject(let status) = session.handler.configuration.gapPolicy else {
      return
    }
    switch replay.answer {
    case .success(.gap) where replay.lastEventID != nil || replay.needsEveryEvent,
      .success(.unknownID) where replay.lastEventID != nil:
      return reject(session, .eventsAreMissing(status: status, channel: subscription.requestedName))
    case .failure(let error):
      hub.log(.error, "a repository failed; the request is rejected") {
        [("channel", subscription.channel.name.rawValue), ("error", "\(error)")]
      }
      return refuseForNow(session)
    case .success, nil:
      break
    }
    let isWaiting = session.subscriptions.contains { $0.state.isReplaying && $0.replay?.answer == nil }
    if !isWaiting { sendHead(session) }
  }

  /// Starts the response. The reader is already subscribed, so a reader that has received the head gets everything that
  /// is published from then on.
  func sendHead(_ session: EventStreamSession) {
    let peer = session.plan?.request.peer
    session.phase = .open
    session.lastWrite = now
    session.response.start(streamHead(session, body: .stream))
    session.crossOriginFields = []
    hub.counters.streamOpened()
    hub.occupancy?.opened(session, peer: peer)
    hub.log(.debug, "a stream was opened") {
      [("channels", session.subscriptions.map(\.channel.name.rawValue).joined(separator: ","))]
    }
    schedule(session)
    enqueue(session)
  }

  private func streamHead(_ session: EventStreamSession, body: EventStreamResponseHead.Body)
    -> EventStreamResponseHead
  {
    let handler = session.handler
    var fields = session.crossOriginFields
    if session.encoder != nil { fields.append(HeaderField("Content-Encoding", "gzip")) }
    if case .stream = body, fields.isEmpty, !session.isJSONLines { return handler.streamHead }
    return handler.streamHead(adding: fields, isJSONLines: session.isJSONLines, body: body)
  }

  /// Responds with a rejection. Nothing of a stream has been written.
  func reject(_ session: EventStreamSession, _ rejection: EventStreamRejection) {
    guard !session.isFinished, !session.isStreaming else { return }
    logRejection(rejection)
    let isHead = session.plan?.isHead ?? false
    session.response.start(rejection.head(adding: session.crossOriginFields, isHead: isHead))
    close(session)
  }

  /// Responds with a rejection to a request that was not admitted.
  func reject(
    _ rejection: EventStreamRejection, _ request: any EventStreamRequest, _ fields: [HeaderField],
    _ response: any EventStreamResponse, _ session: EventStreamSession
  ) -> EventStreamSession {
    logRejection(rejection)
    response.start(rejection.head(adding: fields, isHead: request.method == "HEAD"))
    return session
  }

  private func logRejection(_ rejection: EventStreamRejection) {
    hub.counters.requestRefused()
    hub.log(.debug, "a request was rejected") { [("status", "\(rejection.status)"), ("reason", rejection.reason)] }
  }

  /// Responds with a rejection that allows the reader to retry later.
  func refuseForNow(_ session: EventStreamSession) {
    reject(session, .unavailable(retryAfter: session.handler.configuration.retryAfter))
  }

  /// Returns a random time within a fraction of the given one.
  func spread(_ time: Duration, by jitter: Double) -> Int64 {
    let nanoseconds = Double(time.nanoseconds)
    return Int64(nanoseconds * Double.random(in: (1 - jitter)...(1 + jitter), using: &random))
  }
}
