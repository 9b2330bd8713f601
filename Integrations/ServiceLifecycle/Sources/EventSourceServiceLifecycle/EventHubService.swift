#if ServiceLifecycle
  public import EventSourceServer
  public import ServiceLifecycle

  /// A hub as a service. Graceful shutdown drains it, and cancellation closes it immediately.
  ///
  /// List it after the services that publish and before the server that serves the streams. A service group shuts down
  /// its services in reverse order: the server stops accepting connections, then the hub's streams end.
  public struct EventHubService: Service, CustomStringConvertible {
    /// The hub.
    public let hub: EventHub
    /// The time over which the streams end.
    public let drainWindow: Duration
    /// The maximum time for draining, from its beginning.
    public let deadline: Duration

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - hub: The hub.
    ///   - drainWindow: The time over which its streams end, so that their readers do not all return together.
    ///   - deadline: The time after which the streams of readers that accept no data end. `nil` means six seconds after
    ///     the window, by which time the hub itself has disconnected them.
    public init(_ hub: EventHub, drainWindow: Duration = .seconds(2), deadline: Duration? = nil) {
      self.hub = hub
      self.drainWindow = drainWindow
      self.deadline = deadline ?? drainWindow + .seconds(6)
    }

    /// A one-line description.
    public var description: String { "EventHubService" }

    /// Waits for graceful shutdown, drains the hub within the deadline, and closes it.
    ///
    /// - Throws: `CancellationError` if the task is cancelled. The hub is closed in that case, too.
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
