import Synchronization

/// Requests for channels that are not there.
extension DeliveryLane {
  /// How long a run may take to be read from its history.
  private static let historyTime = Duration.seconds(30)

  /// Answers as the endpoint says, or lets the request wait. Nothing of a stream has been written.
  func channelIsMissing(
    _ exchange: EventStreamExchange, _ plan: StreamPlan, _ name: ChannelName, requestedAs requested: ChannelName
  ) {
    if let runs = exchange.handler.runs, runs.repository != nil {
      // Its memory was needed before the reader could have it.
      guard !plan.wasSought else { return refuseForNow(exchange) }
      var plan = plan
      plan.wasSought = true
      wait(exchange, plan, for: name, requestedAs: requested, upTo: Self.historyTime)
      if case .waiting = exchange.phase { runs.load(name, for: mailbox) }
      return
    }
    switch exchange.handler.configuration.missingChannel {
    case .finished: refuse(exchange, .finished)
    case .waits(let time) where !plan.isHead: wait(exchange, plan, for: name, requestedAs: requested, upTo: time)
    case .notFound, .waits: refuse(exchange, .unknownChannel(requested))
    }
  }

  private func wait(
    _ exchange: EventStreamExchange, _ plan: StreamPlan, for name: ChannelName, requestedAs requested: ChannelName,
    upTo time: Duration
  ) {
    var plan = plan
    plan.waitEnd = min(plan.waitEnd, now + time.nanoseconds)
    guard plan.waitEnd > now else { return refuse(exchange, .unknownChannel(requested)) }
    unsubscribe(exchange)
    setIdentity(nil, of: exchange)
    exchange.composite = nil
    exchange.requestedNames = nil
    exchange.recheck = nil
    exchange.setOwn(nil)
    exchange.grantEnd = .never
    exchange.lifetimeEnd = .never
    exchange.windowOrigin = 0
    exchange.phase = .waiting(ChannelWait(plan, for: name, requestedAs: requested))
    waitingRequests[name, default: [:]][ObjectIdentifier(exchange)] = exchange
    // Counted first: whoever opens the channel from now on says so to the lanes, and one that was opened before is
    // found.
    hub.waitingRequests.add(1, ordering: .sequentiallyConsistent)
    let isThere =
      exchange.handler.runs.map { $0.channel(named: name) != nil } ?? hub.channels.withLock { $0[name] != nil }
    if isThere { mailbox.post(.opened(name)) }
    schedule(exchange)
  }

  /// The mailbox brought it: requests that wait for the channel begin anew, with the authorizer.
  func opened(_ name: ChannelName) {
    guard let waiting = waitingRequests[name] else { return }
    for exchange in waiting.values {
      guard case .waiting(let wait) = exchange.phase else { continue }
      endWaiting(exchange)
      exchange.phase = .arrived(wait.plan)
      schedule(exchange)
      enqueue(exchange)
    }
  }

  /// The request waits no longer, if it did.
  func endWaiting(_ exchange: EventStreamExchange) {
    guard case .waiting(let wait) = exchange.phase else { return }
    waitingRequests[wait.channel]?[ObjectIdentifier(exchange)] = nil
    if waitingRequests[wait.channel]?.isEmpty == true { waitingRequests[wait.channel] = nil }
    hub.waitingRequests.subtract(1, ordering: .sequentiallyConsistent)
  }
}
