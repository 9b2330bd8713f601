import EventSourceServer
import Glibc

extension Connection {
  /// Whether somebody would read the body of a request with this head: a route would, and who starts runs. A handler of
  /// streams would not, nor is there anybody at a path that is not served.
  func readsBody(_ head: RequestHead) -> Bool {
    switch loop.context.routes.current.match(method: head.method, path: head.path) {
    case .route: true
    case .runs(_, let run): run == nil && head.method == "POST"
    case .mount, .methodNotAllowed, .notFound: false
    }
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
    case .runs(let handler, let run):
      keep(
        handler.serve(
          mountedRequest(head), body: body, run: run, response: self, on: loop.lane(of: handler.runs.hub)))
    case .route(let route, let parameters): serve(head, route, parameters, body)
    case .methodNotAllowed(let allowed) where head.method == "OPTIONS": answerOptions(head, allowed: allowed)
    case .methodNotAllowed(let allowed):
      let fields = [HeaderField("Allow", allowed.joined(separator: ", "))] + crossOriginFields(head)
      respond(status: 405, fields: fields, text: "this path is not served with this method")
    case .notFound:
      respond(status: 404, fields: crossOriginFields(head), text: "nothing is served at this path")
    }
  }

  private func serve(_ head: RequestHead, _ handler: EventStreamHandler, _ channels: [String]) {
    let request = mountedRequest(head)
    let lane = loop.lane(of: handler.hub)
    keep(handler.serve(request, channels: channels, response: self, on: lane))
  }

  /// Drives a session from now on.
  func keep(_ session: EventStreamSession) {
    // Within the call it may have answered for good, and then it is of no more use.
    if phase == .responding || phase == .streaming { self.session = session }
  }

  /// Answers OPTIONS at a path that has routes, but none for this method: which methods there are (RFC 9110, 9.3.7),
  /// and a preflight of the Fetch standard.
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

  /// The fields of an answer at a path where no route has a say.
  private func crossOriginFields(_ head: RequestHead) -> [HeaderField] {
    let policy = loop.context.configuration.crossOrigin
    return policy.origins == .sameOriginOnly ? [] : policy.fields(for: mountedRequest(head))
  }

  /// The request as handlers and policies know it.
  func mountedRequest(_ head: RequestHead) -> MountedRequest {
    MountedRequest(method: head.method, target: head.target, fields: head.streamFields, peer: peer(of: head))
  }

  /// Who a request comes from.
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

  /// The fields as the handler knows them.
  fileprivate var streamFields: [HeaderField] { fields.map { HeaderField($0.name, $0.value) } }
}
