/// An endpoint for a collection of runs, which you mount in an HTTP server at one path, such as `/runs`.
///
/// | request | response |
/// |---|---|
/// | `POST /runs` | The stream of a new run, or 201. Both have `Location: /runs/{id}`. |
/// | `GET /runs/{id}`, `HEAD` | The run from its beginning or after the `Last-Event-ID`. 204 after its end. 404. |
/// | `DELETE /runs/{id}` | Stops the run: 204, or 202 while its producer may still write. |
/// | `OPTIONS` | The methods, and the fields of the cross-origin policy. |
///
/// Some clients repeat a `POST` with their last event ID after an error. Such a request starts no run: the response is
/// the rest of the run that the ID names, or 404 if the run is gone. The collection's authorizer decides before
/// anything else happens. A handler is immutable and can be mounted any number of times.
public final class RunHandler: Sendable {
  /// A kind of response to a request that starts a run.
  public enum Answer: Sendable, Hashable {
    /// 200 and the run's stream.
    case stream
    /// 201 and a JSON object with the run's ID and location. Viewers use `GET`.
    case created
  }

  /// Starts a run for a request. An ``EventStreamRejection`` that it throws is the response. Any other error is logged,
  /// and the response is 500.
  public typealias Start = @Sendable (RunRequest) async throws -> Run

  /// The runs.
  public let runs: RunCollection
  private let answer: Answer
  private let start: Start

  /// Creates an endpoint.
  ///
  /// - Parameters:
  ///   - runs: The collection.
  ///   - answer: The response to a request that starts a run.
  ///   - start: Starts a run of the collection for a request. Called in a task, which is cancelled if the peer
  ///     disconnects in the meantime. After 30 seconds the request gets 503.
  public init(_ runs: RunCollection, answer: Answer = .stream, start: @escaping Start) {
    self.runs = runs
    self.answer = answer
    self.start = start
  }

  /// Handles a request.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - body: Its body, without framing.
  ///   - id: The run's ID in the path, decoded, or `nil` for the path of the collection.
  ///   - response: The response to write to.
  ///   - lane: The calling thread's lane, of the collection's hub.
  /// - Returns: The session that the stack drives during the connection's life. It may already be finished.
  public func serve(
    _ request: any EventStreamRequest, body: [UInt8] = [], run id: String?, response: any EventStreamResponse,
    on lane: DeliveryLane
  ) -> EventStreamSession {
    let session = runs.makeExchange(request, response, lane)
    let (allowed, methods) = id == nil ? ("POST, OPTIONS", ["POST"]) : ("GET, HEAD, DELETE, OPTIONS", ["DELETE"])
    if request.method == "OPTIONS" {
      let policy = runs.handler.configuration.crossOrigin
      response.start(policy.preflight(for: request, allow: allowed, methods: methods))
      return session
    }
    return runs.admit(session, request, on: lane) { [self] () throws(EventStreamRejection) in
      switch (request.method, id) {
      case ("POST", nil): return try begin(request, body)
      case ("GET", let id?), ("HEAD", let id?): return try watch(request, id)
      case ("DELETE", let id?): return stop(request, id)
      default:
        throw EventStreamRejection(
          status: 405, fields: [HeaderField("Allow", allowed)],
          reason: "start a run with POST on the collection; read it with GET and stop it with DELETE")
      }
    }
  }

  private func watch(_ request: any EventStreamRequest, _ id: String) throws(EventStreamRejection)
    -> EventStreamSession.Phase
  {
    guard RunStore.isValid(id) else { throw .noRun }
    return .arrived(try StreamPlan(request, run: runs.store.channelName(id), runs.configuration))
  }

  private func begin(_ request: any EventStreamRequest, _ body: [UInt8]) throws(EventStreamRejection)
    -> EventStreamSession.Phase
  {
    guard let target = RequestTarget(request.target) else { throw .bad("the request target is ill-formed") }
    if let last = StreamPlan.lastEventID(request, target, runs.configuration.streams) {
      // A viewer of this run repeats its POST.
      guard let hyphen = last.lastIndex(of: "-") else { throw .noRun }
      return try watch(request, String(last[..<hyphen]))
    }
    if answer == .stream { _ = try StreamPlan(request, run: runs.name, runs.configuration) }
    return .answering(PendingAnswer { [self] in await start(request, body, path: target.path) })
  }

  private func start(_ request: any EventStreamRequest, _ body: [UInt8], path: String) async -> RunAnswer {
    do {
      let grant: ChannelGrant
      switch try await authorize(request, runs.name) {
      case .granted(let granted): grant = granted
      case .rejected(let rejection): return .rejection(rejection)
      }
      let run: Run
      do {
        run = try await start(RunRequest(request: request, body: body, identity: grant.identity))
      } catch let rejection as EventStreamRejection {
        return .rejection(rejection)
      }
      // Another process may get the next request, so the shared history must have the run.
      if runs.store.shared != nil, runs.configuration.announcesID { try await run.core.wait(for: .recording) }
      let location = (path.hasSuffix("/") ? String(path.dropLast()) : path) + "/" + run.id
      let field = HeaderField("Location", location)
      switch answer {
      case .stream:
        return .stream(try StreamPlan(request, run: run.channelName, runs.configuration), grant, fields: [field])
      case .created:
        let text = "{\"run\":\(GapEvent.quoted(run.id)),\"location\":\(GapEvent.quoted(location))}\n"
        return .head(
          EventStreamResponseHead(
            status: 201, fields: [field, HeaderField("Content-Type", "application/json")],
            body: .bytes(Array(text.utf8))))
      }
    } catch {
      return failed(error)
    }
  }

  private func stop(_ request: any EventStreamRequest, _ id: String) -> EventStreamSession.Phase {
    .answering(PendingAnswer { [self] in await answerStop(request, id) })
  }

  private func answerStop(_ request: any EventStreamRequest, _ id: String) async -> RunAnswer {
    guard RunStore.isValid(id) else { return .rejection(.noRun) }
    do {
      let name = runs.store.channelName(id)
      let grant: ChannelGrant
      switch try await authorize(request, name) {
      case .granted(let granted): grant = granted
      case .rejected(let rejection): return .rejection(rejection)
      }
      guard let granted = grant.channel(for: name).flatMap(runs.store.id(in:)) else { return .rejection(.forbidden) }
      guard let run = try await findToStop(granted) else { return .rejection(.noRun) }
      if run.core.isFollowed {
        try await requestStop(run, by: grant.identity)
      } else {
        run.stop(.requested(by: grant.identity))
      }
      return .head(
        EventStreamResponseHead(status: run.outcome == nil ? 202 : 204, body: run.outcome == nil ? .bytes([]) : .none))
    } catch {
      return failed(error)
    }
  }

  private func findToStop(_ id: String) async throws -> Run? {
    do {
      return try await runs.find(id)
    } catch {
      guard runs.store.shared != nil else { throw error }
      throw unreachable(error)
    }
  }

  private func requestStop(_ run: Run, by identity: String?) async throws {
    do {
      try await runs.store.requestStopRecorded(run.channel, .requested(by: identity))
    } catch {
      throw unreachable(error)
    }
  }

  private func unreachable(_ error: any Error) -> EventStreamRejection {
    runs.hub.log(.error, "a run of another process could not be stopped") { [("error", "\(error)")] }
    return .unavailable(retryAfter: runs.handler.configuration.retryAfter, "the run's history does not respond")
  }

  private func authorize(_ request: any EventStreamRequest, _ name: ChannelName) async throws -> ChannelAuthorization {
    guard let authorizer = runs.handler.authorizer else { return .granted }
    let authorization: ChannelAuthorization
    do {
      authorization = try await authorizer.authorize(request, for: [name])
    } catch {
      runs.hub.log(.error, "an authorizer failed; the request is rejected") { [("error", "\(error)")] }
      return .rejected(
        .unavailable(retryAfter: runs.handler.configuration.retryAfter, "authorization failed"))
    }
    if case .granted(let grant) = authorization, grant.hasEnded || grant.channel(for: name) == nil {
      return .rejected(.forbidden)
    }
    return authorization
  }

  private func failed(_ error: any Error) -> RunAnswer {
    let retryAfter = runs.handler.configuration.retryAfter
    switch error {
    case let rejection as EventStreamRejection: return .rejection(rejection)
    case RunError.tooManyRuns, RunError.overBudget, RunError.closed, PublishError.closed:
      return .rejection(.unavailable(retryAfter: retryAfter, "no new runs are accepted at present"))
    default:
      runs.hub.log(.error, "a run was not started or stopped") { [("error", "\(error)")] }
      return .rejection(EventStreamRejection(status: 500, reason: "internal server error"))
    }
  }
}

extension EventStreamRejection {
  static let noRun = EventStreamRejection(status: 404, reason: "there is no such run")
}
