#if ServiceLifecycle
  public import EventSourceClient
  public import ServiceLifecycle

  /// A loop that reads an `EventSource`, as a service.
  ///
  /// Graceful shutdown closes the source. The event in progress is completed, its ID is saved in the source's store,
  /// and the service ends. Cancellation ends it immediately.
  ///
  /// If the source closes by itself, at the server's request or because of an error, the service ends too. A service
  /// group considers that a failure unless its `successTerminationBehavior` or `failureTerminationBehavior` is set
  /// otherwise.
  public struct EventSourceService: Service, CustomStringConvertible {
    /// The source.
    public let source: EventSource

    private let handle: @Sendable (EventSource.Message) async throws -> Void

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - source: The source. The service is its only consumer.
    ///   - handle: Called for each event, one at a time. If it throws, the service ends with the error.
    public init(_ source: EventSource, handle: @escaping @Sendable (EventSource.Message) async throws -> Void) {
      self.source = source
      self.handle = handle
    }

    /// A one-line description.
    public var description: String { "EventSourceService" }

    /// Reads until graceful shutdown, cancellation of the task or the end of the source.
    ///
    /// - Throws: The `SubscriptionError` that closes the source, or any error of the closure.
    public func run() async throws {
      try await withGracefulShutdownHandler {
        for try await message in source.events { try await handle(message) }
      } onGracefulShutdown: {
        source.close()
      }
    }
  }
#endif
