import EventSourceServer

/// Finds the endpoint of a path. A value type: a thread that matches against one is not affected by another that adds
/// endpoints.
struct Router: Sendable {
  /// The result of matching a request.
  enum Match {
    /// The request goes to this handler, whatever its method.
    case mount(EventStreamHandler, channels: [String])
    /// The request goes to this mount of runs, at its path or at that of a run.
    case runs(RunHandler, run: String?)
    /// The request goes to this route.
    case route(Route, pathParameters: [String: String])
    /// The path exists, but not with this method. The allowed methods are listed.
    case methodNotAllowed(allowed: [String])
    /// The path has no endpoint.
    case notFound
  }

  private enum Endpoint {
    case mount(EventStreamHandler)
    case runs(RunHandler)
    case route(method: String, Route)
  }

  private var entries: [(pattern: PathPattern, endpoint: Endpoint)] = []

  mutating func mount(_ handler: EventStreamHandler, at pattern: PathPattern) {
    entries.append((pattern, .mount(handler)))
  }

  /// - Parameter item: The path of a run, whose last segment is named `run`.
  mutating func mount(_ handler: RunHandler, at pattern: PathPattern, item: PathPattern) {
    entries.append((pattern, .runs(handler)))
    entries.append((item, .runs(handler)))
  }

  mutating func route(_ method: String, _ pattern: PathPattern, _ route: Route) {
    entries.append((pattern, .route(method: method, route)))
  }

  /// Finds the endpoint: the first one added whose pattern and method match. A GET route serves HEAD if there is no
  /// HEAD route (RFC 9110, 9.3.2). Linear in the number of endpoints.
  func match(method: String, path: some StringProtocol) -> Match {
    var get: Match?
    var allowed: [String] = []
    for (pattern, endpoint) in entries {
      guard let parameters = pattern.match(path) else { continue }
      switch endpoint {
      case .mount(let handler):
        // Routes with the same path that were added earlier keep their methods. All other methods belong to the
        // handler.
        return get ?? .mount(handler, channels: parameters["channel"].map { [$0] } ?? [])
      case .runs(let handler):
        return get ?? .runs(handler, run: parameters["run"])
      case .route(let served, let route):
        if served == method { return .route(route, pathParameters: parameters) }
        if served == "GET", method == "HEAD", get == nil { get = .route(route, pathParameters: parameters) }
        for name in served == "GET" ? ["GET", "HEAD"] : [served] where !allowed.contains(name) { allowed.append(name) }
      }
    }
    if let get { return get }
    // The server responds to OPTIONS if no route does.
    return allowed.isEmpty
      ? .notFound : .methodNotAllowed(allowed: allowed + (allowed.contains("OPTIONS") ? [] : ["OPTIONS"]))
  }
}
