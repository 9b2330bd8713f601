/// Authorization before a stream is opened and, if configured, repeatedly while it is open.
extension DeliveryLane {
  /// The maximum time of an authorizer, in nanoseconds.
  private static let authorizationTime: Int64 = 30_000_000_000
  /// The maximum number of decisions on a request whose grant is revoked while it is being decided.
  private static let mostDecisions = 4

  /// Asks the authorizer before anything is written.
  func authorize(_ session: EventStreamSession, _ plan: StreamPlan) {
    guard let authorizer = session.handler.authorizer else { return open(session, plan, ChannelGrant()) }
    let pending = PendingAuthorization(plan: plan, end: now + Self.authorizationTime)
    session.phase = .authorizing(pending)
    decide(session, pending, authorizer)
    schedule(session)
  }

  private func decide(
    _ session: EventStreamSession, _ pending: PendingAuthorization, _ authorizer: any ChannelAuthorizer
  ) {
    pending.decisions += 1
    pending.revocations = revocations.count
    pending.task = ask(authorizer, pending.plan.request, pending.plan.channels, for: session)
  }

  private func ask(
    _ authorizer: any ChannelAuthorizer, _ request: any EventStreamRequest, _ channels: [ChannelName],
    for session: EventStreamSession
  ) -> Task<Void, Never> {
    Task(executorPreference: hub.configuration.taskExecutor) { [mailbox] in
      let answer: Result<ChannelAuthorization, any Error>
      do {
        answer = .success(
          try await EventHub.$requestBeingDecided.withValue(ObjectIdentifier(session)) {
            try await authorizer.authorize(request, for: channels)
          })
      } catch {
        answer = .failure(error)
      }
      mailbox.post(.authorized(session, answer))
    }
  }

  /// Handles the authorizer's decision from the mailbox.
  func authorized(_ session: EventStreamSession, _ answer: Result<ChannelAuthorization, any Error>) {
    guard case .authorizing(let pending) = session.phase else { return authorizedAgain(session, answer) }
    pending.task = nil
    switch answer {
    case .success(.granted(let grant)) where isRevoked(grant, session, pending):
      guard pending.decisions < Self.mostDecisions, let authorizer = session.handler.authorizer else {
        return refuseForNow(session)
      }
      decide(session, pending, authorizer)
    case .success(.granted(let grant)):
      open(session, pending.plan, grant)
    case .success(.rejected(let rejection)):
      reject(session, rejection)
    case .failure(let error):
      hub.log(.error, "an authorizer failed; the request is rejected") { [("error", "\(error)")] }
      reject(
        session,
        .unavailable(retryAfter: session.handler.configuration.retryAfter, "authorization failed"))
    }
  }

  private func isRevoked(
    _ grant: ChannelGrant, _ session: EventStreamSession, _ pending: PendingAuthorization
  ) -> Bool {
    let stream = OpenStream(
      identity: grant.identity, channels: grant.permitted(of: pending.plan.channels).map(\.channel))
    return revocations.concern(stream, since: pending.revocations, of: ObjectIdentifier(session))
  }

  /// Applies a grant to a stream that is being opened: its expiry, and its next reauthorization if configured.
  func accept(_ grant: ChannelGrant, for session: EventStreamSession, _ request: any EventStreamRequest) {
    setIdentity(grant.identity.map(ExactString.init), of: session)
    session.grantEnd = grant.expiresAfter.map { now + $0.nanoseconds } ?? .never
    guard session.handler.authorizer != nil, let interval = session.handler.configuration.reauthorizationInterval
    else { return }
    session.recheck = Recheck(request: request, at: now + spread(interval, by: 0.1))
  }

  func setIdentity(_ identity: ExactString?, of session: EventStreamSession) {
    if let old = session.identity {
      identities[old]?[ObjectIdentifier(session)] = nil
      if identities[old]?.isEmpty == true { identities[old] = nil }
    }
    session.identity = identity
    if let identity { identities[identity, default: [:]][ObjectIdentifier(session)] = session }
  }

  /// Asks the authorizer again about an open stream.
  func recheck(_ session: EventStreamSession) {
    guard let recheck = session.recheck, let authorizer = session.handler.authorizer,
      let interval = session.handler.configuration.reauthorizationInterval
    else { return }
    recheck.at = now + max(1, spread(interval, by: 0.1))
    // An authorizer that has not decided since the last request counts as failed.
    guard recheck.task == nil else { return authorizedAgain(session, .failure(AuthorizerTimeout())) }
    recheck.task = ask(authorizer, recheck.request, session.subscriptions.map(\.requestedName), for: session)
  }

  private func authorizedAgain(_ session: EventStreamSession, _ answer: Result<ChannelAuthorization, any Error>) {
    guard session.isStreaming, let recheck = session.recheck else { return }
    if case .failure(let error) = answer, error is AuthorizerTimeout {} else { recheck.task = nil }
    switch answer {
    case .success(.granted(let grant))
    where session.subscriptions.allSatisfy({ grant.channel(for: $0.requestedName) == $0.channel.name })
      && !grant.hasEnded:
      recheck.failures = 0
      session.grantEnd = grant.expiresAfter.map { now + $0.nanoseconds } ?? .never
      schedule(session)
    case .success:
      finish(session, .revoked, ending: ending(for: session))
    case .failure(let error):
      recheck.failures += 1
      hub.log(.error, "an authorizer failed to decide about an open stream") { [("error", "\(error)")] }
      // One failure may be transient. A second one ends the stream, so that no reader continues for long without
      // permission.
      if recheck.failures > 1 { finish(session, .authorizationEnded, ending: ending(for: session)) }
    }
  }

  func grantEnded(_ session: EventStreamSession) {
    session.isStreaming
      ? finish(session, .authorizationEnded, ending: ending(for: session)) : reject(session, .forbidden)
  }

  /// Ends the streams that are no longer permitted.
  func revoke(_ revocation: Revocation) {
    revocations.append(revocation)
    let candidates: [EventStreamSession]
    switch revocation.streams {
    case .of(let identity, _): candidates = identities[identity].map { Array($0.values) } ?? []
    case .matching: candidates = sessions
    }
    for session in candidates where !session.subscriptions.isEmpty {
      let stream = OpenStream(
        identity: session.identity?.value, channels: session.subscriptions.map(\.channel.name))
      guard ObjectIdentifier(session) != revocation.exempt, revocation.concerns(stream) else { continue }
      if session.isStreaming {
        finish(session, .revoked, ending: ending(for: session))
      } else {
        reject(session, .forbidden)
      }
    }
  }
}

private struct AuthorizerTimeout: Error, CustomStringConvertible {
  var description: String { "no decision before the next one was due" }
}

extension ChannelGrant {
  /// Returns the channel to read for a requested one, or `nil` if the grant does not permit it.
  func channel(for requested: ChannelName) -> ChannelName? {
    guard channels?.contains(requested) ?? true else { return nil }
    return aliases[requested] ?? requested
  }

  /// Returns the channels to read for the requested ones. Each channel appears once, under the first name by which it
  /// was requested.
  func permitted(of requested: [ChannelName]) -> [(requested: ChannelName, channel: ChannelName)] {
    var permitted: [(requested: ChannelName, channel: ChannelName)] = []
    for name in requested {
      guard let channel = channel(for: name), !permitted.contains(where: { $0.channel == channel }) else { continue }
      permitted.append((name, channel))
    }
    return permitted
  }

  /// Whether the grant permits nothing.
  var hasEnded: Bool { expiresAfter.map { $0 <= .zero } ?? false }
}
