public import EventSourceServer
import Synchronization

/// A small HTTP/1.1 server for event streams and the few ordinary requests around them, on Linux.
///
/// ```swift
/// let server = BuiltInServer()
/// server.mount(handler, at: "/events/{channel}")
/// server.route("POST", at: "/publish/{channel}") { request in
///   try hub.publish(request.text, to: ChannelName(request.pathParameters["channel"]!))
///   return .empty()
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
  ///     called on the server's threads, also concurrently, while readers wait, so it must return quickly.
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

  /// Passes every request for a path to a handler, whatever the method. The handler itself answers 405.
  ///
  /// If several mounts and routes match, the first one added is used. You can add mounts while the server is running;
  /// they apply to the next request.
  ///
  /// - Parameters:
  ///   - handler: Serves the requests, on the server's threads.
  ///   - pattern: The path. The value of a parameter named `channel` is the channel that is read. Traps if no request
  ///     can name a channel at this path, so call `EventStreamHandler.Configuration.validate(mountedAt:)` first on a
  ///     path that comes from user input.
  public func mount(_ handler: EventStreamHandler, at pattern: PathPattern) {
    do {
      try handler.configuration.validate(mountedAt: pattern)
    } catch {
      preconditionFailure("\(error)")
    }
    routes.update { $0.mount(handler, at: pattern) }
  }

  /// Serves a collection of runs: at a path, where they are started, and behind it, where each is read and stopped.
  ///
  /// As for ``mount(_:at:)-(EventStreamHandler,_)``, the first mount or route that matches is used, so a route for one
  /// of the methods at one of the paths goes before this if it was added before. Bodies are read up to
  /// ``Configuration/maximumBodyBytes``.
  ///
  /// - Parameters:
  ///   - handler: Serves the requests, on the server's threads.
  ///   - pattern: The path of the collection, without a slash at its end and without a segment named `run`; traps
  ///     otherwise. The path of a run is this and one more segment, its ID.
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

  /// Answers ordinary requests for a path with a closure.
  ///
  /// The closure runs as a task, not on the server's threads, so it may take its time; meanwhile its connection reads
  /// no further request. The task is canceled when the connection breaks or the server has stopped; a peer that has
  /// only closed its sending side still gets its answer, unless that is a ``StreamedBody``. What the closure throws is
  /// logged, and answered with a 500 that does not tell; a ``RouteError`` is answered as it says.
  ///
  /// A GET route serves HEAD too. A path that has routes, but none for the method, is answered with 405 and `Allow`,
  /// and OPTIONS with 204 and what the policy for other origins says. Of several mounts and routes that match, the
  /// first one added serves. May be called while the server runs.
  ///
  /// - Parameters:
  ///   - method: Compared exactly: methods are case-sensitive (RFC 9110, 9.1).
  ///   - pattern: The path; its parameters are in ``BuiltInRequest/pathParameters``.
  ///   - timeout: How long the closure may take to return its response; then the request is answered with 503, and what
  ///     the closure returns later is dropped. Nil: ``Configuration/routeTimeout``.
  ///   - crossOrigin: Which pages of other origins may read the answer, and send requests for which browsers ask first.
  ///     A preflight allows the route's method and `CrossOriginPolicy.allowedMethods`. A field that the response has
  ///     already is not replaced. A policy that is not valid is a mistake of the programmer and stops the program, so
  ///     call `CrossOriginPolicy.validate()` first on what a person has written. Nil: ``Configuration/crossOrigin``.
  ///   - respond: Answers one request; several run at a time.
  public func route(
    _ method: String,
    _ pattern: PathPattern,
    timeout: Duration? = nil,
    crossOrigin: CrossOriginPolicy? = nil,
    _ respond: @escaping @Sendable (BuiltInRequest) async throws -> BuiltInResponse
  ) {
    do { try crossOrigin?.validate() } catch { preconditionFailure("\(error)") }
    let route = Route(timeout: timeout, crossOrigin: crossOrigin, respond: respond)
    routes.update { $0.route(method, pattern, route) }
  }

  /// Where the server listens: the first of ``addresses``; nil if it does not run.
  public var address: ListeningAddress? { addresses.first }

  /// Where the server listens, first by ``Configuration/host``, ``Configuration/unixSocket`` or
  /// ``Configuration/listeningDescriptor``, then by ``Configuration/additionalSockets`` in their order; empty if it
  /// does not run.
  public var addresses: [ListeningAddress] { lifecycle.withLock { $0.running?.addresses ?? [] } }
}
