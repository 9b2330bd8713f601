public import EventSourceServer
import Synchronization

/// A small HTTP/1.1 server for event streams and the few ordinary requests around them, on Linux.
///
/// ```swift
/// let server = BuiltInServer()
/// server.mount(handler, at: "/events/{channel}")
/// server.route("POST", at: "/publish/{channel}") { request in
///   try hub.publish(request.text, to: ChannelName(request.pathParameters["channel"]!))
///   return .status(204)
/// }
/// let address = try server.start()
/// ```
///
/// It has its own threads and no TLS. To serve the internet, put a proxy with TLS in front of it. If you already run an
/// HTTP server, mount the handler there instead. All methods can be called from any thread.
public final class BuiltInServer: Sendable {
  /// The configuration with which the server was created.
  public let configuration: Configuration
  let logger: (any EventLogger)?
  let accessLog: (@Sendable (AccessRecord) -> Void)?
  let routes = Routes()
  let lifecycle = Mutex(Lifecycle())

  /// Creates a server. Nothing is opened before ``start()``.
  ///
  /// - Parameters:
  ///   - configuration: The configuration, which ``start()`` validates.
  ///   - logger: Receives a record when the server starts and stops, and for each problem, on the server's threads.
  ///   - accessLog: Receives a record for each response that has been sent, and for each stream that has ended. It is
  ///     called on the server's threads, concurrently and while readers wait, so it must return quickly.
  public init(
    configuration: Configuration = Configuration(), logger: (any EventLogger)? = nil,
    accessLog: (@Sendable (AccessRecord) -> Void)? = nil
  ) {
    self.configuration = configuration
    self.logger = logger
    self.accessLog = accessLog
  }

  /// Deallocating a running server stops it immediately, without draining its streams.
  deinit { lifecycle.withLock { $0.abandon() } }

  /// Passes every request for a path to a handler, whatever the method. The handler itself responds with 405.
  ///
  /// If several mounts and routes match, the first one added is used. You can add mounts while the server is running;
  /// they apply to the next request.
  ///
  /// - Parameters:
  ///   - handler: Serves the requests, on the server's threads.
  ///   - pattern: The path. A parameter named `channel` names the channel to read. Traps if no request can name a
  ///     channel at this path, so call `EventStreamHandler.Configuration.validate(mountedAt:)` first for a path that
  ///     comes from user input.
  public func mount(_ handler: EventStreamHandler, at pattern: PathPattern) {
    do {
      try handler.configuration.validate(mountedAt: pattern)
    } catch {
      preconditionFailure("\(error)")
    }
    routes.update { $0.mount(handler, at: pattern) }
  }

  /// Mounts a collection of runs. Clients start runs at the path, and read and stop each run at the path plus its ID.
  ///
  /// As for ``mount(_:at:)-(EventStreamHandler,_)``, the first mount or route that matches is used. So a route that was
  /// added earlier serves its method at its path. Bodies are read up to ``Configuration/maximumBodyBytes``.
  ///
  /// - Parameters:
  ///   - handler: Serves the requests, on the server's threads.
  ///   - pattern: The path of the collection. Traps if it ends with a slash or has a parameter named `run`. The path of
  ///     a run is this path and one more segment, the run's ID.
  public func mount(_ handler: RunHandler, at pattern: PathPattern) {
    let item: PathPattern
    do {
      item = try PathPattern(pattern.description + "/{run}")
    } catch {
      preconditionFailure("\(error)")
    }
    precondition(!pattern.description.hasSuffix("/"), "the path of a collection of runs does not end with a slash")
    routes.update { $0.mount(handler, at: pattern, item: item) }
  }

  /// Responds to ordinary requests for a path with a closure.
  ///
  /// The closure runs as a task, not on the server's threads, so it may block. Until it returns, its connection reads
  /// no further request. The task is cancelled when the connection breaks or the server has stopped. A peer that has
  /// only closed its sending side still gets the response, unless that is a ``StreamedBody``.
  ///
  /// If the closure throws, the response depends on the error:
  ///
  /// - A ``RouteError`` supplies its own response.
  /// - A `PublishError` that a request can cause gets its description and 404 for an unknown channel, 413 for an event
  ///   that is too large, 400 for an ID, or 503 if nothing can be published now. A `ChannelNameError` gets 404.
  /// - Any other error is written to the server's logger, and the client gets a 500 that does not reveal it.
  ///
  /// A GET route also serves HEAD. If a path has routes but none for the method, the server responds with 405 and
  /// `Allow`. It responds to OPTIONS with 204 and the fields of the cross-origin policy. If several mounts and routes
  /// match, the first one added is used. You can add routes while the server is running.
  ///
  /// - Parameters:
  ///   - method: The method, compared exactly because methods are case-sensitive (RFC 9110, 9.1).
  ///   - pattern: The path. Its parameters are in ``BuiltInRequest/pathParameters``.
  ///   - timeout: The maximum time for the closure to return its response. After it, the request gets 503, and a later
  ///     response is discarded. `nil` means ``Configuration/routeTimeout``.
  ///   - crossOrigin: The pages of other origins that may read the response, and that may send requests that need a
  ///     preflight. A preflight allows the route's method and `CrossOriginPolicy.allowedMethods`. Fields that the
  ///     response already has are not replaced. Traps if the policy is invalid, so call `CrossOriginPolicy.validate()`
  ///     first for policies that come from user input. `nil` means ``Configuration/crossOrigin``.
  ///   - respond: Responds to one request. Called concurrently.
  public func route(
    _ method: String,
    at pattern: PathPattern,
    timeout: Duration? = nil,
    crossOrigin: CrossOriginPolicy? = nil,
    _ respond: @escaping @Sendable (BuiltInRequest) async throws -> BuiltInResponse
  ) {
    do { try crossOrigin?.validate() } catch { preconditionFailure("\(error)") }
    let route = Route(timeout: timeout, crossOrigin: crossOrigin, respond: respond)
    routes.update { $0.route(method, pattern, route) }
  }

  /// The address that the server listens on: the first of ``addresses``. `nil` if the server is not running.
  public var address: ListeningAddress? { addresses.first }

  /// The addresses that the server listens on: first that of ``Configuration/host``, ``Configuration/unixSocket`` or
  /// ``Configuration/listeningDescriptor``, then those of ``Configuration/additionalSockets`` in order. Empty if the
  /// server is not running.
  public var addresses: [ListeningAddress] { lifecycle.withLock { $0.running?.addresses ?? [] } }
}
