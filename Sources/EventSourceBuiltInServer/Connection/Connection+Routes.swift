import EventSourceServer

extension Connection {
  /// The number of pieces of a body to send before other connections are served.
  private static let piecesPerRound = 16

  /// Runs a route's closure for a request.
  func serve(_ head: RequestHead, _ route: Route, _ parameters: [String: String], _ body: [UInt8]) {
    let configuration = loop.context.configuration
    let policy = route.crossOrigin ?? configuration.crossOrigin
    let mounted = mountedRequest(head)
    let fields = policy.fields(for: mounted)
    let request = BuiltInRequest(
      method: head.method, target: head.target, fields: mounted.fields, peer: mounted.peer, pathParameters: parameters,
      body: body)
    guard let request else { return respond(status: 400, fields: fields, text: "the query cannot be decoded") }
    let run = RouteRun(request, fields: fields, token: token, mailbox: loop.handle.mailbox)
    self.run = run
    loop.setTimer(self, after: route.timeout ?? configuration.routeTimeout)
    let context = loop.context
    run.started(Task { await context.serve(request, by: route.respond, run) })
  }

  /// Sends the response that a route's closure returned.
  func answer(_ response: BuiltInResponse, of run: RouteRun) {
    guard phase == .responding, self.run === run else { return }
    if let stream = response.run { return startRun(stream, response.fields, of: run) }
    guard (200...599).contains(response.status) else {
      loop.context.log(.error, "A route answered with a status that cannot be sent", [("status", "\(response.status)")])
      return respond(status: 500, fields: run.fields, text: "internal server error")
    }
    let own = Set(response.fields.map { $0.name.lowercased() })
    let added = run.fields.filter { $0.name == "Vary" || !own.contains($0.name.lowercased()) }
    let fields = response.fields + added
    guard response.streamedBody != nil, response.mayHaveBody, !flags.contains(.isHead) else {
      return respond(status: response.status, fields: fields, body: response.streamedBody == nil ? response.body : nil)
    }
    startStreaming(status: response.status, fields: fields)
  }

  /// Sends the stream of a run that a route's closure returned. From now on the connection is one of its viewers.
  private func startRun(_ stream: Run, _ fields: [HeaderField], of run: RouteRun) {
    self.run = nil
    loop.timers.cancel(Int(number))
    let fields = fields + run.fields.filter { field in !fields.contains { $0.name == field.name } }
    keep(stream.serve(run.request, adding: fields, response: self, on: loop.lane(of: stream.hub)))
  }

  /// Responds with 503 because a route exceeded its time limit.
  func routeTimedOut(_ run: RouteRun) {
    loop.context.log(
      .warning, "A route did not answer in time", [("method", run.method), ("path", run.path)])
    respond(status: 503, fields: run.fields, text: "the request was not answered in time")
  }

  /// Called when a route has written to its body or ended it.
  func bodyGrew(of run: RouteRun) {
    guard self.run === run else { return }
    run.lookAtPending()
    guard loop.context.memory.account(for: self) else { return cutOff() }
    sendBody()
  }

  /// Sends what a route has written, as far as the kernel accepts it.
  func sendBody() {
    for _ in 0..<Self.piecesPerRound {
      guard let run, phase == .streaming, output.isEmpty, !flags.contains(.dead) else { return }
      let (bytes, ending) = run.take()
      guard bytes.isEmpty else {
        access?.byteCount += bytes.count
        send(flags.contains(.isChunked) ? Self.chunk(of: bytes) : bytes)
        watchForStall()
        continue
      }
      switch ending {
      case nil: return
      case .complete:
        self.run = nil
        return end(.complete)
      case .failed: return cutOff()
      }
    }
    resumeLater()
  }

  /// Ends the connection in the middle of a body, so that the body does not look complete.
  func cutOff() { close(reset: true) }

  private func startStreaming(status: Int, fields: [HeaderField]) {
    if loop.isDraining { flags.insert(.closes) }
    loop.timers.cancel(Int(number))
    beginStream(status: status, fields: fields)
    watchForStall()
  }

  /// Sets a deadline only while data waits for the peer.
  func watchForStall() {
    if output.isEmpty {
      loop.timers.cancel(Int(number))
    } else {
      loop.setTimer(self, after: loop.context.configuration.stallTimeout)
    }
  }

  private static func chunk(of bytes: [UInt8]) -> [UInt8] {
    let frame = ChunkFrame(around: bytes.count)
    var chunk: [UInt8] = []
    chunk.reserveCapacity(frame.byteCount)
    frame.withHead { chunk += $0 }
    chunk += bytes
    chunk.append(ChunkFrame.tail)
    return chunk
  }
}

/// Returns the status of a request whose event cannot be published, or `nil` if the fault is the program's.
private func publishStatus(_ error: any Error) -> Int? {
  if error is ChannelNameError { return 404 }
  switch error as? PublishError {
  case .unknownChannel, .channelRemoved: return 404
  case .eventTooLarge: return 413
  case .unusableID, .generatedID: return 400
  case .tooManyChannels, .recordingBacklog, .closed: return 503
  case .recordingChannel, .wrongRecording, .outcomeUnknown, nil: return nil
  }
}

extension ServerContext {
  /// Runs a route's closure, then the function that writes its body.
  fileprivate func serve(_ request: BuiltInRequest, by respond: Route.Respond, _ run: RouteRun) async {
    let response = await answer(to: request, by: respond)
    guard run.respond(response), let body = response.streamedBody else { return }
    guard response.mayHaveBody, request.method != "HEAD" else { return }
    do {
      try await body.write(to: BodyWriter { try await run.write($0) })
      run.end(.complete)
    } catch {
      logFailure(of: request, error)
      run.end(.failed)
    }
  }

  /// Errors of a closure are logged and not revealed to the peer, unless the error is itself a response.
  private func answer(to request: BuiltInRequest, by respond: Route.Respond) async -> BuiltInResponse {
    do {
      return try await respond(request)
    } catch let error as any RouteError {
      return error.response
    } catch {
      if let status = publishStatus(error) { return .text("\(error)\n", status: status) }
      logFailure(of: request, error)
      return .text("internal server error\n", status: 500)
    }
  }

  private func logFailure(of request: BuiltInRequest, _ error: any Error) {
    // A cancelled task needs no log record, because the server cancelled it.
    guard !Task.isCancelled else { return }
    let metadata = [("method", request.method), ("path", request.path), ("error", String(describing: error))]
    log(.error, "A route failed", metadata.map { (name: $0.0, value: $0.1) })
  }
}
