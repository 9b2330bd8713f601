#if ServiceLifecycle && os(Linux)
  public import EventSourceBuiltInServer
  public import ServiceLifecycle

  /// The built-in server as a service: graceful shutdown stops it and drains its streams, cancellation stops it at
  /// once.
  public struct BuiltInServerService: Service, CustomStringConvertible {
    /// The server.
    public let server: BuiltInServer
    /// The time over which its streams end.
    public let drainWindow: Duration

    private let listening: @Sendable (ListeningAddress) -> Void

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - server: The server, which the service starts.
    ///   - drainWindow: The time over which its streams end, so that their readers do not all return together.
    ///   - listening: Called when all sockets are open, once for each address.
    public init(
      _ server: BuiltInServer, drainWindow: Duration = .seconds(2),
      onListening listening: @escaping @Sendable (ListeningAddress) -> Void = { _ in }
    ) {
      self.server = server
      self.drainWindow = drainWindow
      self.listening = listening
    }

    /// One line for a person.
    public var description: String { "BuiltInServerService" }

    /// Starts the server and returns when it has stopped: after the graceful shutdown or the cancellation of the task.
    ///
    /// - Throws: `BuiltInServerError` if the server does not start.
    public func run() async throws {
      try await withGracefulShutdownHandler {
        // Cancellation stops at once, also while the server drains.
        try await server.run(drainingOver: .zero, onListening: listening)
      } onGracefulShutdown: {
        Task { await server.stop(drainingOver: drainWindow) }
      }
    }
  }
#endif
