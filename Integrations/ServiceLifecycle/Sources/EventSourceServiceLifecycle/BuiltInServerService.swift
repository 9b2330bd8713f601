#if ServiceLifecycle && os(Linux)
  public import EventSourceBuiltInServer
  public import ServiceLifecycle

  /// The built-in server as a service. Graceful shutdown stops it and drains its streams. Cancellation stops it
  /// immediately.
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
    ///   - listening: Called once for each address when all sockets are open.
    public init(
      _ server: BuiltInServer, drainWindow: Duration = .seconds(2),
      onListening listening: @escaping @Sendable (ListeningAddress) -> Void = { _ in }
    ) {
      self.server = server
      self.drainWindow = drainWindow
      self.listening = listening
    }

    /// A one-line description.
    public var description: String { "BuiltInServerService" }

    /// Starts the server and returns when it has stopped, after graceful shutdown or cancellation of the task.
    ///
    /// - Throws: `BuiltInServerError` if the server does not start.
    public func run() async throws {
      try await withGracefulShutdownHandler {
        // Cancellation stops the server immediately, even while it drains.
        try await server.run(drainingOver: .zero, onListening: listening)
      } onGracefulShutdown: {
        Task { await server.stop(drainingOver: drainWindow) }
      }
    }
  }
#endif
