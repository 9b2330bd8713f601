/// Who may read, asked before a stream is opened and, if so configured, again and again while it is open.
extension DeliveryLane {
  /// How long an authorizer may take, in nanoseconds.
  private static let authorizationTime: Int64 = 30_000_000_000
  /// How often a request is decided anew because permissions were taken back meanwhile.
  private static let mostDecisions = 4

  /// Asks before anything is written.
  func authorize(_ exchange: EventStreamExchange, _ plan: StreamPlan) {
    guard let authorizer = exchange.handler.authorizer else { return open(exchange, ChannelGrant()) }
    exchange.phase = .authorizing
    exchange.authorizationEnd = now + Self.authorizationTime
    schedule(exchange)
    ask(authorizer, plan.request, plan.channels, for: exchange)
  }

  private func ask(
    _ authorizer: any ChannelAuthorizer, _ request: any EventStreamRequest, _ channels: [ChannelName],
    for exchange: EventStreamExchange
  ) {
    exchange.decisions += 1
    exchange.revocations = revocations
    exchange.task = Task(executorPreference: hub.configuration.taskExecutor) { [mailbox] in
      let answer: Result<ChannelAuthorization, any Error>
      do {
        answer = .success(try await authorizer.authorize(request, for: channels))
      } catch {
        answer = .failure(error)
      }
      mailbox.post(.authorized(exchange, answer))
    }
  }

  /// The mailbox brought the authorizer's answer.
  func authorized(_ exchange: EventStreamExchange, _ answer: Result<ChannelAuthorization, any Error>) {
    exchange.task = nil
    if exchange.phase == .open { return authorizedAgain(exchange, answer) }
    guard exchange.phase == .authorizing, let plan = exchange.plan else { return }
    let retryAfter = exchange.handler.configuration.retryAfter
    switch answer {
    case .success(.granted) where exchange.revocations != revocations:
      // Some permission was taken back since: it may be this one.
      guard exchange.decisions < Self.mostDecisions else {
        return refuse(exchange, .unavailable(retryAfter: retryAfter))
      }
      authorize(exchange, plan)
    case .success(.granted(let grant)):
      exchange.authorizationEnd = .never
      open(exchange, grant)
    case .success(.refused(let refusal)):
      refuse(exchange, refusal)
    case .failure(let error):
      hub.log(.error, "an authorizer failed; the request is refused") { [("error", "\(error)")] }
      refuse(exchange, .unavailable(retryAfter: retryAfter, "authorization failed"))
    }
  }

  /// A stream has been opened: it ends with its grant, and is looked at again if so configured.
  func take(_ grant: ChannelGrant, for exchange: EventStreamExchange, _ request: any EventStreamRequest) {
    exchange.identity = grant.identity
    exchange.authorizationEnd = grant.validFor.map { now + $0.nanoseconds } ?? .never
    guard exchange.handler.authorizer != nil, let interval = exchange.handler.configuration.reauthorizationInterval
    else { return }
    exchange.recheck = Recheck(request: request, at: now + spread(interval, by: 0.1))
  }

  /// Asks about an open stream.
  func recheck(_ exchange: EventStreamExchange) {
    guard let recheck = exchange.recheck, let authorizer = exchange.handler.authorizer,
      let interval = exchange.handler.configuration.reauthorizationInterval
    else { return }
    recheck.at = now + spread(interval, by: 0.1)
    // One that has not answered since counts as one that failed.
    guard exchange.task == nil else { return authorizedAgain(exchange, .failure(AuthorizerTimeout())) }
    ask(authorizer, recheck.request, exchange.attachments.map(\.channel.name), for: exchange)
  }

  private func authorizedAgain(_ exchange: EventStreamExchange, _ answer: Result<ChannelAuthorization, any Error>) {
    guard let recheck = exchange.recheck else { return }
    switch answer {
    case .success(.granted(let grant)) where exchange.attachments.allSatisfy({ grant.includes($0.channel.name) }):
      recheck.failures = 0
      exchange.authorizationEnd = grant.validFor.map { now + $0.nanoseconds } ?? .never
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

  /// Ends the streams that are no longer permitted.
  func revoke(where isRevoked: (GrantedStream) -> Bool) {
    revocations += 1
    for exchange in exchanges where exchange.phase == .open || exchange.phase == .resuming {
      let channels = exchange.attachments.map(\.channel.name)
      guard isRevoked(GrantedStream(identity: exchange.identity, channels: channels)) else { continue }
      if exchange.phase == .open {
        finish(exchange, .revoked, ending: ending(for: exchange))
      } else {
        refuse(exchange, .forbidden)
      }
    }
  }
}

/// When an open stream is authorized again, and by what.
final class Recheck {
  let request: any EventStreamRequest
  var at: Int64
  var failures = 0

  init(request: any EventStreamRequest, at: Int64) {
    self.request = request
    self.at = at
  }
}

private struct AuthorizerTimeout: Error, CustomStringConvertible {
  var description: String { "no answer before it was to be asked again" }
}

extension ChannelGrant {
  /// Whether a channel that was asked for may be read.
  func includes(_ channel: ChannelName) -> Bool { channels?.contains(channel) ?? true }
}
