#if ServiceLifecycle
  public import EventSourceClient
  public import ServiceLifecycle

  /// A loop that reads an `EventSource`, as a service.
  ///
  /// Graceful shutdown closes the source: the event that is being handled is finished, its ID is saved in the source's
  /// store, and the service ends. Cancellation ends it at once.
  ///
  /// If the source closes by itself, because the server says so or by an error, the service ends, too. A service group
  /// takes that for a failure unless its `successTerminationBehavior` or `failureTerminationBehavior` says otherwise.
  public struct EventSourceService: Service, CustomStringConvertible {
    /// The source.
    public let source: EventSource

    private let handle: @Sendable (EventSource.Message) async throws -> Void

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - source: The source, of which this is the only consumer.
    ///   - handle: Called for one event after the other. If it throws, the service ends with the error.
    public init(_ source: EventSource, handle: @escaping @Sendable (EventSource.Message) async throws -> Void) {
      self.source = source
      self.handle = handle
    }

    /// One line for a person.
    public var description: String { "EventSourceService" }

    /// Reads until the graceful shutdown, the cancellation of the task or the end of the source.
    ///
    /// - Throws: The `SubscriptionError` that closes the source, or what the closure throws.
    public func run() async throws {
      try await withGracefulShutdownHandler {
        for try await message in source.events { try await handle(message) }
      } onGracefulShutdown: {
        source.close()
      }
    }
  }
#endif
