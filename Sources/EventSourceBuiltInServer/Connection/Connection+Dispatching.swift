import EventSourceServer
import Glibc

extension Connection {
  /// Whether somebody would read the body of a request with this head: a route would. A handler of streams would not,
  /// nor is there anybody at a path that is not served.
  func readsBody(_ head: RequestHead) -> Bool {
    if case .route = loop.context.routes.current.match(method: head.method, path: head.path) { true } else { false }
  }

  /// Gives a request that has been read to its endpoint.
  func dispatch(_ head: RequestHead, body: [UInt8]) {
    request = nil
    phase = .responding
    beginAccess(head)
    loop.timers.cancel(Int(number))
    if head.target == "*" { return respond(status: 204, fields: [], body: nil) }
    switch loop.context.routes.current.match(method: head.method, path: head.path) {
    case .mount(let handler, let channels): serve(head, handler, channels)
    case .route(let respond, let parameters): run(respond, head, parameters, body)
    case .methodNotAllowed(let allowed):
      let allow = EventStreamField("Allow", allowed.joined(separator: ", "))
      respond(status: 405, fields: [allow], text: "this path is not served with this method")
    case .notFound: respond(status: 404, text: "nothing is served at this path")
    }
  }

  /// A route's closure has answered.
  func answer(_ response: BuiltInResponse) {
    guard phase == .responding, task != nil else { return }
    guard (200...599).contains(response.status) else {
      loop.context.log(.error, "A route answered with a status that cannot be sent", [("status", "\(response.status)")])
      return respond(status: 500, text: "internal server error")
    }
    respond(status: response.status, fields: response.fields, body: response.body)
  }

  private func serve(_ head: RequestHead, _ handler: EventStreamHandler, _ channels: [String]) {
    let request = MountedRequest(
      method: head.method, target: head.target, fields: head.streamFields, peer: peer(of: head))
    let lane = loop.lane(of: handler.hub)
    let exchange = handler.serve(request, channels: channels, response: self, on: lane)
    // Within the call it may have answered for good, and then it is of no more use.
    if phase == .responding || phase == .streaming { self.exchange = exchange }
  }

  private func run(
    _ closure: @escaping Router.Respond,
    _ head: RequestHead,
    _ parameters: [String: String],
    _ body: [UInt8]
  ) {
    let request = BuiltInRequest(
      method: head.method,
      target: head.target,
      fields: head.streamFields,
      peer: peer(of: head),
      pathParameters: parameters,
      body: body
    )
    guard let request else { return respond(status: 400, text: "the query cannot be decoded") }
    let (context, mailbox, token) = (loop.context, loop.handle.mailbox, token)
    task = Task {
      let response = await context.answer(to: request, by: closure)
      mailbox.post(.respond(token, response))
    }
  }

  /// Who a request comes from.
  func peer(of head: RequestHead?) -> String? {
    guard let sender = SocketAddress.peer(of: number)?.host else { return nil }
    guard let proxies = loop.context.configuration.trustedProxies, let head else { return sender }
    let values = head.fields.filter { $0.name.isASCIICaseInsensitive(proxies.fieldName) }.map(\.value)
    return proxies.peer(from: sender, values: values)
  }
}

extension ServerContext {
  /// Runs a route's closure. What it throws is logged, and never told to the peer.
  fileprivate func answer(to request: BuiltInRequest, by closure: Router.Respond) async -> BuiltInResponse {
    do {
      return try await closure(request)
    } catch {
      if !Task.isCancelled {
        log(
          .error,
          "A route failed",
          [("method", request.method), ("path", request.path), ("error", String(describing: error))]
        )
      }
      return .text("internal server error\n", status: 500)
    }
  }
}

extension RequestHead {
  /// The target without its query.
  var path: Substring { target.prefix { $0 != "?" } }

  /// The fields as the handler knows them.
  fileprivate var streamFields: [EventStreamField] { fields.map { EventStreamField($0.name, $0.value) } }
}
