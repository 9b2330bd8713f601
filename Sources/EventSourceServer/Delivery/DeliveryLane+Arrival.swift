internal import EventSourceFormat

/// From a request to an open stream.
extension DeliveryLane {
  /// Takes a place for the exchange; the rest is done in the next run, which knows the time.
  func admit(_ exchange: EventStreamExchange, _ plan: StreamPlan) throws(EventStreamRefusal) {
    wasCalled()
    let retryAfter = exchange.handler.configuration.retryAfter
    guard !isDraining, !isClosed else { throw .unavailable(retryAfter: retryAfter) }
    if let reason = hub.admissions.enter() { throw .unavailable(retryAfter: retryAfter, reason) }
    exchange.admission = Admission()
    exchange.plan = plan
    insert(exchange)
    giveTurn(to: exchange)
  }

  /// The exchange's first turn.
  func arrive(_ exchange: EventStreamExchange) {
    guard let plan = exchange.plan, exchange.phase == .arrived else { return }
    authorize(exchange, plan)
  }

  /// Opens the stream, or answers HEAD, or refuses for what only now can be known.
  func open(_ exchange: EventStreamExchange, _ grant: ChannelGrant) {
    guard let plan = exchange.plan else { return }
    let handler = exchange.handler
    let retryAfter = handler.configuration.retryAfter
    guard hub.admissions.phase == .open, !isDraining else {
      return refuse(exchange, .unavailable(retryAfter: retryAfter))
    }
    if let caller = grant.identity ?? plan.request.peer {
      guard hub.admissions.enter(caller: caller) else {
        return refuse(exchange, .tooManyStreams(retryAfter: retryAfter))
      }
      exchange.admission?.caller = caller
    }
    let names = plan.channels.filter(grant.includes)
    guard !names.isEmpty else { return refuse(exchange, .forbidden) }
    for name in names {
      do {
        guard try takePlace(in: name, for: exchange) else {
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

  /// Takes a place in a channel; false: it has as many readers as it may.
  private func takePlace(in name: ChannelName, for exchange: EventStreamExchange) throws(PublishError) -> Bool {
    let most = hub.configuration.maximumReadersPerChannel ?? .max
    while true {
      let channel = try hub.channel(name)
      let isTaken = channel.withState { state -> Bool? in
        // Removed since it was found: it is looked up once more.
        guard !state.isRemoved else { return nil }
        guard state.readers < most else { return false }
        state.readers += 1
        return true
      }
      guard let isTaken else { continue }
      if isTaken { exchange.admission?.channels.append(channel) }
      return isTaken
    }
  }

  private func start(_ exchange: EventStreamExchange, _ plan: StreamPlan, _ grant: ChannelGrant) {
    let handler = exchange.handler
    if let time = handler.configuration.maximumConnectionTime {
      exchange.lifetimeEnd = now + spread(time, by: handler.configuration.connectionTimeJitter)
    }
    if handler.coalescingWindow > 0 {
      exchange.tickOrigin = now - Int64.random(in: 0..<handler.coalescingWindow, using: &random)
    }
    take(grant, for: exchange, plan.request)
    exchange.pending = opening(for: exchange)
    exchange.phase = .resuming
    let firstMissing = attach(exchange, exchange.admission?.channels ?? [], lastEventID: plan.lastEventID)
    if case .refuse(let status) = handler.configuration.afterGap {
      if let firstMissing { return refuse(exchange, .eventsAreMissing(status: status, channel: firstMissing)) }
      let replaying = exchange.attachments.filter { $0.replay != nil }
      for attachment in replaying { ask(for: attachment) }
      if !replaying.isEmpty { return schedule(exchange) }
    }
    sendHead(exchange)
  }

  /// A repository has answered, and the endpoint's rule is that a reader of which events are missing is refused.
  func answered(_ exchange: EventStreamExchange, _ attachment: Attachment) {
    guard let replay = attachment.replay, case .refuse(let status) = exchange.handler.configuration.afterGap else {
      return
    }
    switch replay.answer {
    case .success(.gap) where replay.lastEventID != nil, .success(.unknownID) where replay.lastEventID != nil:
      return refuse(exchange, .eventsAreMissing(status: status, channel: attachment.channel.name))
    case .failure(let error):
      hub.log(.error, "a repository failed; the request is refused") {
        [("channel", attachment.channel.name.rawValue), ("error", "\(error)")]
      }
      return refuse(exchange, .unavailable(retryAfter: exchange.handler.configuration.retryAfter))
    case .success, nil:
      break
    }
    if exchange.attachments.allSatisfy({ $0.replay == nil || $0.replay?.answer != nil }) { sendHead(exchange) }
  }

  /// Begins the response. That is after the reader has its places: who has seen the head gets everything that is
  /// published from then on.
  private func sendHead(_ exchange: EventStreamExchange) {
    exchange.phase = .open
    exchange.plan = nil
    exchange.lastWrite = now
    exchange.response.start(streamHead(exchange, body: .stream))
    exchange.crossOriginFields = []
    hub.counters.streamOpened()
    hub.log(.debug, "a stream was opened") {
      [("channels", exchange.attachments.map(\.channel.name.rawValue).joined(separator: ","))]
    }
    schedule(exchange)
    giveTurn(to: exchange)
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
  func refuse(_ exchange: EventStreamExchange, _ refusal: EventStreamRefusal, isHead: Bool? = nil) {
    guard exchange.phase != .closed, exchange.phase != .open else { return }
    hub.counters.requestRefused()
    hub.log(.debug, "a request was refused") { [("status", "\(refusal.status)"), ("reason", refusal.reason)] }
    let isHead = isHead ?? exchange.plan?.isHead ?? false
    exchange.response.start(refusal.head(adding: exchange.crossOriginFields, isHead: isHead))
    close(exchange)
  }

  /// A time, more or less by a share of it.
  func spread(_ time: Duration, by jitter: Double) -> Int64 {
    let nanoseconds = Double(time.nanoseconds)
    return Int64(nanoseconds * Double.random(in: (1 - jitter)...(1 + jitter), using: &random))
  }
}
