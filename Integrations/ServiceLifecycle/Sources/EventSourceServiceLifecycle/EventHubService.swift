#if ServiceLifecycle
  public import EventSourceServer
  public import ServiceLifecycle

  /// A hub as a service: graceful shutdown drains it, and cancellation closes it at once.
  ///
  /// Put it behind the services that publish and before the server that serves the streams. Services shut down in the
  /// opposite order of their list: the server stops taking connections, then the hub's streams end.
  public struct EventHubService: Service, CustomStringConvertible {
    /// The hub.
    public let hub: EventHub
    /// The time over which the streams end.
    public let drainWindow: Duration
    /// The most that draining may take, from its beginning.
    public let deadline: Duration

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - hub: The hub.
    ///   - drainWindow: The time over which its streams end, so that their readers do not all return together.
    ///   - deadline: When to end the streams of readers that do not take what they are sent. `nil` means six seconds
    ///     after the window, by when the hub has disconnected them itself.
    public init(_ hub: EventHub, drainWindow: Duration = .seconds(2), deadline: Duration? = nil) {
      self.hub = hub
      self.drainWindow = drainWindow
      self.deadline = deadline ?? drainWindow + .seconds(6)
    }

    /// One line for a person.
    public var description: String { "EventHubService" }

    /// Waits for the graceful shutdown, drains the hub within the deadline, and closes it.
    ///
    /// - Throws: `CancellationError` if the task is canceled. The hub is closed then, too.
    public func run() async throws {
      defer { hub.close() }
      try await gracefulShutdown()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await hub.drain(over: drainWindow) }
        group.addTask { try? await Task.sleep(for: deadline) }
        await group.next()
        group.cancelAll()
      }
      try Task.checkCancellation()
    }
  }
#endif
