internal import EventSourceFormat

/// From a request to an open stream.
extension DeliveryLane {
  /// Takes a place for the exchange; the rest is done in the next run, which knows the time.
  func admit(_ exchange: EventStreamExchange) throws(EventStreamRefusal) {
    wasCalled()
    let retryAfter = exchange.handler.configuration.retryAfter
    guard !isDraining, !isClosed else { throw .unavailable(retryAfter: retryAfter) }
    if let reason = hub.admissions.enter() { throw .unavailable(retryAfter: retryAfter, reason) }
    exchange.admission = Admission()
    insert(exchange)
    enqueue(exchange)
  }

  /// Opens the stream, or answers HEAD, or refuses for what only now can be known.
  func open(_ exchange: EventStreamExchange, _ plan: StreamPlan, _ grant: ChannelGrant) {
    let retryAfter = exchange.handler.configuration.retryAfter
    guard hub.admissions.phase == .open, !isDraining else { return refuseForNow(exchange) }
    guard !grant.hasEnded else { return refuse(exchange, .forbidden) }
    guard enter(exchange, caller: grant.identity ?? plan.request.peer) else {
      return refuse(exchange, .tooManyStreams(retryAfter: retryAfter))
    }
    let permitted = grant.permitted(of: plan.channels)
    guard !permitted.isEmpty else { return refuse(exchange, .forbidden) }
    exchange.phase = .resuming(plan)
    if permitted.count > 1 {
      exchange.composite = CompositeIDWriter(maximumBytes: exchange.handler.configuration.maximumLastEventIDBytes)
    }
    if permitted.contains(where: { $0.requested != $0.channel }) {
      exchange.requestedNames = permitted.map(\.requested)
    }
    for (requested, name) in permitted {
      do {
        switch try subscribe(exchange, to: name, isHead: plan.isHead) {
        case .subscribed: break
        case .isFull:
          return refuse(exchange, .unavailable(retryAfter: retryAfter, "a channel has as many readers as it may"))
        case .notFollowed: return waitUntilFollowed(permitted.map(\.channel), exchange, plan, grant)
        }
      } catch .unknownChannel {
        return channelIsMissing(exchange, plan, name, requestedAs: requested)
      } catch {
        return refuse(exchange, .unavailable(retryAfter: retryAfter, "\(error)"))
      }
    }
    if plan.isHead {
      exchange.response.start(streamHead(exchange, body: .none))
      return close(exchange)
    }
    start(exchange, plan, grant)
  }

  /// Counts the stream for its caller, unless it is counted already; false: the caller has as many as they may.
  private func enter(_ exchange: EventStreamExchange, caller: String?) -> Bool {
    let known = exchange.admission?.caller
    guard known.map(ExactString.init) != caller.map(ExactString.init) else { return true }
    if let known { hub.admissions.leave(onlyCaller: known) }
    exchange.admission?.caller = nil
    guard let caller else { return true }
    guard hub.admissions.enter(caller: caller) else { return false }
    exchange.admission?.caller = caller
    return true
  }

  private func start(_ exchange: EventStreamExchange, _ plan: StreamPlan, _ grant: ChannelGrant) {
    let handler = exchange.handler
    if let time = handler.configuration.maximumConnectionTime {
      exchange.lifetimeEnd = now + spread(time, by: handler.configuration.connectionTimeJitter)
    }
    setWindowOrigin(of: exchange)
    accept(grant, for: exchange, plan.request)
    exchange.setOwn(opening(for: exchange))
    let firstMissing = begin(exchange, lastEventID: plan.lastEventID)
    guard !exchange.isFinished else { return }
    if case .refuse(let status) = handler.configuration.afterGap {
      if let firstMissing { return refuse(exchange, .eventsAreMissing(status: status, channel: firstMissing)) }
      let replaying = exchange.subscriptions.filter(\.state.isReplaying)
      for subscription in replaying where !exchange.isFinished { ask(for: subscription) }
      if !replaying.isEmpty { return schedule(exchange) }
    }
    sendHead(exchange)
  }

  /// A repository has answered, and the endpoint's rule is that a reader of which events are missing is refused.
  func answeredBeforeHead(_ exchange: EventStreamExchange, _ subscription: Subscription) {
    guard let replay = subscription.replay, case .refuse(let status) = exchange.handler.configuration.afterGap else {
      return
    }
    switch replay.answer {
    case .success(.gap) where replay.lastEventID != nil, .success(.unknownID) where replay.lastEventID != nil:
      return refuse(exchange, .eventsAreMissing(status: status, channel: subscription.requestedName))
    case .failure(let error):
      hub.log(.error, "a repository failed; the request is refused") {
        [("channel", subscription.channel.name.rawValue), ("error", "\(error)")]
      }
      return refuseForNow(exchange)
    case .success, nil:
      break
    }
    let isWaiting = exchange.subscriptions.contains { $0.state.isReplaying && $0.replay?.answer == nil }
    if !isWaiting { sendHead(exchange) }
  }

  /// Begins the response. That is after the reader has its places: who has seen the head gets everything that is
  /// published from then on.
  private func sendHead(_ exchange: EventStreamExchange) {
    let peer = exchange.plan?.request.peer
    exchange.phase = .open
    exchange.lastWrite = now
    exchange.response.start(streamHead(exchange, body: .stream))
    exchange.crossOriginFields = []
    hub.counters.streamOpened()
    hub.occupancy?.opened(exchange, peer: peer)
    hub.log(.debug, "a stream was opened") {
      [("channels", exchange.subscriptions.map(\.channel.name.rawValue).joined(separator: ","))]
    }
    schedule(exchange)
    enqueue(exchange)
  }

  private func streamHead(_ exchange: EventStreamExchange, body: EventStreamResponseHead.Body)
    -> EventStreamResponseHead
  {
    EventStreamResponseHead(
      status: 200,
      fields: [
        EventStreamField("Content-Type", "text/event-stream; charset=utf-8"),
        EventStreamField("Cache-Control", "no-cache, no-transform"),
        // nginx would hold the events back until its buffer is full.
        EventStreamField("X-Accel-Buffering", "no"),
      ] + exchange.crossOriginFields + exchange.handler.configuration.fields,
      body: body
    )
  }

  /// Answers with a refusal; nothing of a stream has been written.
  func refuse(_ exchange: EventStreamExchange, _ refusal: EventStreamRefusal) {
    guard !exchange.isFinished, !exchange.isStreaming else { return }
    logRefusal(refusal)
    let isHead = exchange.plan?.isHead ?? false
    exchange.response.start(refusal.head(adding: exchange.crossOriginFields, isHead: isHead))
    close(exchange)
  }

  /// Answers a request that was not admitted with a refusal.
  func refuse(
    _ refusal: EventStreamRefusal, _ request: any EventStreamRequest, _ fields: [EventStreamField],
    _ response: any EventStreamResponse, _ exchange: EventStreamExchange
  ) -> EventStreamExchange {
    logRefusal(refusal)
    response.start(refusal.head(adding: fields, isHead: request.method == "HEAD"))
    return exchange
  }

  private func logRefusal(_ refusal: EventStreamRefusal) {
    hub.counters.requestRefused()
    hub.log(.debug, "a request was refused") { [("status", "\(refusal.status)"), ("reason", refusal.reason)] }
  }

  /// Answers that the reader may come again.
  func refuseForNow(_ exchange: EventStreamExchange) {
    refuse(exchange, .unavailable(retryAfter: exchange.handler.configuration.retryAfter))
  }

  /// A time, more or less by a share of it.
  func spread(_ time: Duration, by jitter: Double) -> Int64 {
    let nanoseconds = Double(time.nanoseconds)
    return Int64(nanoseconds * Double.random(in: (1 - jitter)...(1 + jitter), using: &random))
  }
}
