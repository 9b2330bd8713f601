internal import EventSourceFormat

/// From a request to an open stream.
extension DeliveryLane {
  /// How long an authorizer may take, in nanoseconds.
  private static let authorizationTime: Int64 = 30_000_000_000

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
    guard let authorizer = exchange.handler.authorizer else {
      return open(exchange, ChannelGrant())
    }
    exchange.phase = .authorizing
    exchange.authorizationEnd = now + Self.authorizationTime
    schedule(exchange)
    exchange.task = Task(executorPreference: hub.configuration.taskExecutor) { [mailbox] in
      let answer: Result<ChannelAuthorization, any Error>
      do {
        answer = .success(try await authorizer.authorize(plan.request, for: plan.channels))
      } catch {
        answer = .failure(error)
      }
      mailbox.post(.authorized(exchange, answer))
    }
  }

  /// The mailbox brought the authorizer's answer.
  func authorized(_ exchange: EventStreamExchange, _ answer: Result<ChannelAuthorization, any Error>) {
    guard exchange.phase == .authorizing else { return }
    exchange.task = nil
    exchange.authorizationEnd = .never
    switch answer {
    case .success(.granted(let grant)):
      open(exchange, grant)
    case .success(.refused(let refusal)):
      refuse(exchange, refusal)
    case .failure(let error):
      hub.log(.error, "an authorizer failed; the request is refused") { [("error", "\(error)")] }
      refuse(exchange, .unavailable(retryAfter: exchange.handler.configuration.retryAfter, "authorization failed"))
    }
  }

  /// Opens the stream, or answers HEAD, or refuses for what only now can be known.
  private func open(_ exchange: EventStreamExchange, _ grant: ChannelGrant) {
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
    for name in plan.channels {
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
    exchange.phase = .open
    exchange.plan = nil
    exchange.lastWrite = now
    if let time = handler.configuration.maximumConnectionTime {
      exchange.lifetimeEnd = now + spread(time, by: handler.configuration.connectionTimeJitter)
    }
    if let time = grant.validFor { exchange.authorizationEnd = now + time.nanoseconds }
    if handler.coalescingWindow > 0 {
      exchange.tickOrigin = now - Int64.random(in: 0..<handler.coalescingWindow, using: &random)
    }
    exchange.pending = opening(for: exchange)
    attach(exchange, exchange.admission?.channels ?? [], lastEventID: plan.lastEventID)
    // After the attachment: who has seen the head gets everything that is published from then on.
    exchange.response.start(streamHead(exchange, body: .stream))
    exchange.crossOriginFields = []
    hub.counters.streamOpened()
    hub.log(.debug, "a stream was opened") {
      [("channels", plan.channels.map(\.rawValue).joined(separator: ",")), ("peer", plan.request.peer ?? "")]
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
