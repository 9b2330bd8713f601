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
    if let caller = grant.identity ?? plan.request.peer {
      guard hub.admissions.enter(caller: caller) else {
        return refuse(exchange, .tooManyStreams(retryAfter: retryAfter))
      }
      exchange.admission?.caller = caller
    }
    let names = plan.channels.filter(grant.includes)
    guard !names.isEmpty else { return refuse(exchange, .forbidden) }
    exchange.phase = .resuming(plan)
    if names.count > 1 {
      exchange.composite = CompositeIDWriter(maximumBytes: exchange.handler.configuration.maximumLastEventIDBytes)
    }
    for name in names {
      do {
        guard try subscribe(exchange, to: name) else {
          return refuse(exchange, .unavailable(retryAfter: retryAfter, "a channel has as many readers as it may"))
        }
      } catch .unknownChannel {
        return refuse(exchange, .unknownChannel(name))
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

  private func start(_ exchange: EventStreamExchange, _ plan: StreamPlan, _ grant: ChannelGrant) {
    let handler = exchange.handler
    if let time = handler.configuration.maximumConnectionTime {
      exchange.lifetimeEnd = now + spread(time, by: handler.configuration.connectionTimeJitter)
    }
    if handler.coalescingWindow > 0 {
      exchange.windowOrigin = now - Int64.random(in: 0..<handler.coalescingWindow, using: &random)
    }
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
      return refuse(exchange, .eventsAreMissing(status: status, channel: subscription.channel.name))
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
    exchange.phase = .open
    exchange.lastWrite = now
    exchange.response.start(streamHead(exchange, body: .stream))
    exchange.crossOriginFields = []
    hub.counters.streamOpened()
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
