public import EventSourceServer
import Synchronization

/// A small HTTP/1.1 server for event streams and the few ordinary requests around them, on Linux.
///
/// ```swift
/// let server = BuiltInServer()
/// server.mount(handler, at: "/events/{channel}")
/// server.route("POST", "/publish/{channel}") { request in
///   try hub.publish(request.text, to: ChannelName(request.pathParameters["channel"]!))
///   return .empty()
/// }
/// let address = try server.start()
/// ```
///
/// It has threads of its own and no TLS; in front of the internet it belongs behind a proxy that has. Who already has
/// an HTTP server mounts the handler there instead. Every method may be called on any thread.
public final class BuiltInServer: Sendable {
  /// What the server was made with.
  public let configuration: Configuration
  let logger: (any EventLogger)?
  let accessLog: (@Sendable (AccessRecord) -> Void)?
  let routes = Routes()
  let lifecycle = Mutex(Lifecycle())

  /// Makes a server; nothing is opened before ``start()``.
  ///
  /// - Parameters:
  ///   - configuration: Checked by ``start()``.
  ///   - logger: Is told when the server listens and has stopped, and what goes wrong. Called on the server's threads.
  ///   - accessLog: Is told of each response when it has been sent, of a stream when it has ended. Called on the
  ///     server's threads, several at a time, while their readers wait: it returns quickly. Nil costs nothing.
  public init(
    configuration: Configuration = Configuration(), logger: (any EventLogger)? = nil,
    accessLog: (@Sendable (AccessRecord) -> Void)? = nil
  ) {
    self.configuration = configuration
    self.logger = logger
    self.accessLog = accessLog
  }

  /// A server that is let go while it runs stops at once; streams are not drained.
  deinit { lifecycle.withLock { $0.abandon() } }

  /// Gives every request for a path to a handler, whatever the method: the handler answers 405 itself.
  ///
  /// Of several mounts and routes whose pattern and method match, the first one added serves. May be called while the
  /// server runs; the next request sees it.
  ///
  /// - Parameters:
  ///   - handler: Serves the requests, on the server's threads.
  ///   - pattern: The path. If it has a parameter `channel`, its value is given to the handler as the one channel
  ///     wanted. A path at which no request can name a channel is a mistake of the programmer and stops the program,
  ///     so call ``EventStreamHandler/Configuration/validate(mountedAt:)`` first on what a person has written.
  public func mount(_ handler: EventStreamHandler, at pattern: PathPattern) {
    do {
      try handler.configuration.validate(mountedAt: pattern)
    } catch {
      preconditionFailure("\(error)")
    }
    routes.update { $0.mount(handler, at: pattern) }
  }

  /// Answers ordinary requests for a path with a closure.
  ///
  /// The closure runs as a task, not on the server's threads, so it may take its time; meanwhile its connection reads
  /// no further request. The task is canceled when the connection breaks or the server has stopped; a peer that has
  /// only closed its sending side still gets its answer. What the closure throws is logged, and answered with a 500
  /// that does not tell.
  ///
  /// A GET route serves HEAD too. A path that has routes, but none for the method, is answered with 405 and `Allow`. Of
  /// several mounts and routes that match, the first one added serves. May be called while the server runs.
  ///
  /// - Parameters:
  ///   - method: Compared exactly: methods are case-sensitive (RFC 9110, 9.1).
  ///   - pattern: The path; its parameters are in ``BuiltInRequest/pathParameters``.
  ///   - respond: Answers one request; several run at a time.
  public func route(
    _ method: String,
    _ pattern: PathPattern,
    _ respond: @escaping @Sendable (BuiltInRequest) async throws -> BuiltInResponse
  ) {
    routes.update { $0.route(method, pattern, respond) }
  }

  /// Where the server listens; nil if it does not run.
  public var address: BoundAddress? { lifecycle.withLock { $0.running?.address } }
}
