import EventSourceServer
import Glibc

extension Connection {
  /// Returns whether the body of a request with this head will be read. Routes read bodies, and so do requests that
  /// start runs. Handlers of streams and paths without an endpoint do not.
  func readsBody(_ head: RequestHead) -> Bool {
    switch loop.context.routes.current.match(method: head.method, path: head.path) {
    case .route: true
    case .runs(_, let run): run == nil && head.method == "POST"
    case .mount, .methodNotAllowed, .notFound: false
    }
  }

  /// Passes a complete request to its endpoint.
  func dispatch(_ head: RequestHead, body: [UInt8]) {
    request = nil
    phase = .responding
    beginAccess(head)
    loop.timers.cancel(Int(number))
    if head.target == "*" { return respond(status: 204, fields: [], body: nil) }
    switch loop.context.routes.current.match(method: head.method, path: head.path) {
    case .mount(let handler, let channels): serve(head, handler, channels)
    case .runs(let handler, let run):
      keep(
        handler.serve(
          mountedRequest(head), body: body, run: run, response: self, on: loop.lane(of: handler.runs.hub)))
    case .route(let route, let parameters): serve(head, route, parameters, body)
    case .methodNotAllowed(let allowed) where head.method == "OPTIONS": answerOptions(head, allowed: allowed)
    case .methodNotAllowed(let allowed):
      let fields = [HeaderField("Allow", allowed.joined(separator: ", "))] + crossOriginFields(head)
      respond(status: 405, fields: fields, text: "this path does not support this method")
    case .notFound:
      respond(status: 404, fields: crossOriginFields(head), text: "nothing is served at this path")
    }
  }

  private func serve(_ head: RequestHead, _ handler: EventStreamHandler, _ channels: [String]) {
    let request = mountedRequest(head)
    let lane = loop.lane(of: handler.hub)
    keep(handler.serve(request, channels: channels, response: self, on: lane))
  }

  /// Keeps a session, to drive it from now on.
  func keep(_ session: EventStreamSession) {
    // The handler may have finished the response within the call; then the session is no longer needed.
    if phase == .responding || phase == .streaming { self.session = session }
  }

  /// Responds to OPTIONS at a path that has routes but none for this method: with the allowed methods (RFC 9110,
  /// 9.3.7), and to a preflight of the Fetch standard.
  private func answerOptions(_ head: RequestHead, allowed: [String]) {
    let request = mountedRequest(head)
    var policy = loop.context.configuration.crossOrigin
    var methods: [String] = []
    if let wanted = request.fields.values(of: "Access-Control-Request-Method").first,
      case .route(let route, _) = loop.context.routes.current.match(method: wanted, path: head.path)
    {
      policy = route.crossOrigin ?? policy
      methods = [wanted]
    }
    let answer = policy.preflight(for: request, allow: allowed.joined(separator: ", "), methods: methods)
    respond(status: answer.status, fields: answer.fields, body: nil)
  }

  /// The fields of a response at a path without a route for the request.
  private func crossOriginFields(_ head: RequestHead) -> [HeaderField] {
    let policy = loop.context.configuration.crossOrigin
    return policy.origins == .sameOriginOnly ? [] : policy.fields(for: mountedRequest(head))
  }

  /// Returns the request in the form that handlers and policies use.
  func mountedRequest(_ head: RequestHead) -> MountedRequest {
    MountedRequest(method: head.method, target: head.target, fields: head.streamFields, peer: peer(of: head))
  }

  /// Returns the address of the client that sent a request.
  func peer(of head: RequestHead?) -> String? {
    let sender = SocketAddress.peer(of: number)?.host
    guard let proxies = loop.context.configuration.trustedProxies, let head else { return sender }
    let values = head.fields.filter { $0.name.isASCIICaseInsensitive(proxies.fieldName) }.map(\.value)
    return proxies.peer(from: sender, values: values)
  }
}

extension RequestHead {
  /// The target without its query.
  var path: Substring { target.prefix { $0 != "?" } }

  /// The fields in the form that the handler uses.
  fileprivate var streamFields: [HeaderField] { fields.map { HeaderField($0.name, $0.value) } }
}
