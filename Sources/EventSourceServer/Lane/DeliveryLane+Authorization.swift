/// Who may read, asked before a stream is opened and, if so configured, again and again while it is open.
extension DeliveryLane {
  /// How long an authorizer may take, in nanoseconds.
  private static let authorizationTime: Int64 = 30_000_000_000
  /// How often a request is decided anew because its permission was taken back meanwhile.
  private static let mostDecisions = 4

  /// Asks before anything is written.
  func authorize(_ exchange: EventStreamExchange, _ plan: StreamPlan) {
    guard let authorizer = exchange.handler.authorizer else { return open(exchange, plan, ChannelGrant()) }
    let pending = PendingAuthorization(plan: plan, end: now + Self.authorizationTime)
    exchange.phase = .authorizing(pending)
    decide(exchange, pending, authorizer)
    schedule(exchange)
  }

  private func decide(
    _ exchange: EventStreamExchange, _ pending: PendingAuthorization, _ authorizer: any ChannelAuthorizer
  ) {
    pending.decisions += 1
    pending.revocations = revocations.count
    pending.task = ask(authorizer, pending.plan.request, pending.plan.channels, for: exchange)
  }

  private func ask(
    _ authorizer: any ChannelAuthorizer, _ request: any EventStreamRequest, _ channels: [ChannelName],
    for exchange: EventStreamExchange
  ) -> Task<Void, Never> {
    Task(executorPreference: hub.configuration.taskExecutor) { [mailbox] in
      let answer: Result<ChannelAuthorization, any Error>
      do {
        answer = .success(
          try await EventHub.$requestBeingDecided.withValue(ObjectIdentifier(exchange)) {
            try await authorizer.authorize(request, for: channels)
          })
      } catch {
        answer = .failure(error)
      }
      mailbox.post(.authorized(exchange, answer))
    }
  }

  /// The mailbox brought the authorizer's answer.
  func authorized(_ exchange: EventStreamExchange, _ answer: Result<ChannelAuthorization, any Error>) {
    guard case .authorizing(let pending) = exchange.phase else { return authorizedAgain(exchange, answer) }
    pending.task = nil
    switch answer {
    case .success(.granted(let grant)) where isRevoked(grant, exchange, pending):
      guard pending.decisions < Self.mostDecisions, let authorizer = exchange.handler.authorizer else {
        return refuseForNow(exchange)
      }
      decide(exchange, pending, authorizer)
    case .success(.granted(let grant)):
      open(exchange, pending.plan, grant)
    case .success(.refused(let refusal)):
      refuse(exchange, refusal)
    case .failure(let error):
      hub.log(.error, "an authorizer failed; the request is refused") { [("error", "\(error)")] }
      refuse(
        exchange,
        .unavailable(retryAfter: exchange.handler.configuration.retryAfter, "authorization failed"))
    }
  }

  private func isRevoked(
    _ grant: ChannelGrant, _ exchange: EventStreamExchange, _ pending: PendingAuthorization
  ) -> Bool {
    let stream = GrantedStream(
      identity: grant.identity, channels: grant.permitted(of: pending.plan.channels).map(\.channel))
    return revocations.concern(stream, since: pending.revocations, of: ObjectIdentifier(exchange))
  }

  /// A stream is being opened: it ends with its grant, and is looked at again if so configured.
  func accept(_ grant: ChannelGrant, for exchange: EventStreamExchange, _ request: any EventStreamRequest) {
    setIdentity(grant.identity.map(ExactString.init), of: exchange)
    exchange.grantEnd = grant.validFor.map { now + $0.nanoseconds } ?? .never
    guard exchange.handler.authorizer != nil, let interval = exchange.handler.configuration.reauthorizationInterval
    else { return }
    exchange.recheck = Recheck(request: request, at: now + spread(interval, by: 0.1))
  }

  func setIdentity(_ identity: ExactString?, of exchange: EventStreamExchange) {
    if let old = exchange.identity {
      identities[old]?[ObjectIdentifier(exchange)] = nil
      if identities[old]?.isEmpty == true { identities[old] = nil }
    }
    exchange.identity = identity
    if let identity { identities[identity, default: [:]][ObjectIdentifier(exchange)] = exchange }
  }

  /// Asks about an open stream.
  func recheck(_ exchange: EventStreamExchange) {
    guard let recheck = exchange.recheck, let authorizer = exchange.handler.authorizer,
      let interval = exchange.handler.configuration.reauthorizationInterval
    else { return }
    recheck.at = now + max(1, spread(interval, by: 0.1))
    // One that has not answered since counts as one that failed.
    guard recheck.task == nil else { return authorizedAgain(exchange, .failure(AuthorizerTimeout())) }
    recheck.task = ask(authorizer, recheck.request, exchange.subscriptions.map(\.requestedName), for: exchange)
  }

  private func authorizedAgain(_ exchange: EventStreamExchange, _ answer: Result<ChannelAuthorization, any Error>) {
    guard exchange.isStreaming, let recheck = exchange.recheck else { return }
    if case .failure(let error) = answer, error is AuthorizerTimeout {} else { recheck.task = nil }
    switch answer {
    case .success(.granted(let grant))
    where exchange.subscriptions.allSatisfy({ grant.channel(for: $0.requestedName) == $0.channel.name })
      && !grant.hasEnded:
      recheck.failures = 0
      exchange.grantEnd = grant.validFor.map { now + $0.nanoseconds } ?? .never
      schedule(exchange)
    case .success:
      finish(exchange, .revoked, ending: ending(for: exchange))
    case .failure(let error):
      recheck.failures += 1
      hub.log(.error, "an authorizer failed to decide about an open stream") { [("error", "\(error)")] }
      // One failure may be a passing one; nobody reads on for long without permission.
      if recheck.failures > 1 { finish(exchange, .authorizationEnded, ending: ending(for: exchange)) }
    }
  }

  func grantEnded(_ exchange: EventStreamExchange) {
    exchange.isStreaming
      ? finish(exchange, .authorizationEnded, ending: ending(for: exchange)) : refuse(exchange, .forbidden)
  }

  /// Ends the streams that are no longer permitted.
  func revoke(_ revocation: Revocation) {
    revocations.append(revocation)
    let candidates: [EventStreamExchange]
    switch revocation.streams {
    case .of(let identity, _): candidates = identities[identity].map { Array($0.values) } ?? []
    case .matching: candidates = exchanges
    }
    for exchange in candidates where !exchange.subscriptions.isEmpty {
      let stream = GrantedStream(
        identity: exchange.identity?.value, channels: exchange.subscriptions.map(\.channel.name))
      guard ObjectIdentifier(exchange) != revocation.exempt, revocation.concerns(stream) else { continue }
      if exchange.isStreaming {
        finish(exchange, .revoked, ending: ending(for: exchange))
      } else {
        refuse(exchange, .forbidden)
      }
    }
  }
}

private struct AuthorizerTimeout: Error, CustomStringConvertible {
  var description: String { "no answer before it was to be asked again" }
}

extension ChannelGrant {
  /// What is read for a channel that was asked for; nil: nothing.
  func channel(for requested: ChannelName) -> ChannelName? {
    guard channels?.contains(requested) ?? true else { return nil }
    return aliases[requested] ?? requested
  }

  /// What is read of the channels that were asked for, each channel once, and as what it was first asked for.
  func permitted(of requested: [ChannelName]) -> [(requested: ChannelName, channel: ChannelName)] {
    var permitted: [(requested: ChannelName, channel: ChannelName)] = []
    for name in requested {
      guard let channel = channel(for: name), !permitted.contains(where: { $0.channel == channel }) else { continue }
      permitted.append((name, channel))
    }
    return permitted
  }

  /// Whether nothing may be read any more.
  var hasEnded: Bool { validFor.map { $0 <= .zero } ?? false }
}
