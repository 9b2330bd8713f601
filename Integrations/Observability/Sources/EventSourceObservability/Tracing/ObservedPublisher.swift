#if Observability
  public import EventSourceFormat
  public import EventSourceServer
  public import Metrics
  public import Tracing

  /// Publishes to a hub with a span and a timer around each publication.
  ///
  /// The span is a child of the caller's span. A repository wrapped in ``ObservedEventRepository`` adds its own spans
  /// below it. Delivery to readers has no span, so it costs the same with and without tracing.
  public struct ObservedPublisher: Sendable {
    /// The hub that receives the events.
    public let hub: EventHub

    private let tracer: any Tracer
    private let timer: @Sendable (String) -> Timer

    /// Creates a publisher.
    ///
    /// - Parameters:
    ///   - hub: The hub.
    ///   - dimensions: Dimensions of the timer `eventsource.publish.duration`.
    ///   - tracer: Creates the spans. `nil` means the tracer with which swift-distributed-tracing was bootstrapped.
    ///   - factory: Creates the timer. `nil` means the factory with which swift-metrics was bootstrapped.
    public init(
      _ hub: EventHub, dimensions: [(String, String)] = [], tracer: (any Tracer)? = nil,
      factory: (any MetricsFactory)? = nil
    ) {
      self.hub = hub
      self.tracer = tracer ?? InstrumentationSystem.tracer
      let factory = factory ?? MetricsSystem.factory
      timer = { milestone in
        Timer(
          label: HubMetrics.prefix + "publish.duration", dimensions: dimensions + [("milestone", milestone)],
          factory: factory)
      }
    }

    /// Publishes an event and waits until it has reached a milestone, as the hub's method does.
    ///
    /// The timer measures the time until then. With `offered`, it runs from the call until every lane has offered the
    /// event to its readers.
    ///
    /// - Throws: Any error of the hub's method. The span records the error.
    @discardableResult
    public func publish(
      _ event: some ServerSentEventConvertible, to channel: ChannelName, key: String? = nil,
      waitingUntil milestone: EventHub.Milestone = .stored
    ) async throws -> EventID {
      let event = try event.serverSentEvent
      let start = ContinuousClock.now
      return try await tracer.withSpan("eventsource publish", ofKind: .producer) { span in
        span.attributes["messaging.system"] = "eventsource"
        span.attributes["messaging.operation.name"] = "publish"
        span.attributes["messaging.destination.name"] = channel.rawValue
        let id = try await hub.publish(event, to: channel, coalescingKey: key, waitingUntil: milestone)
        span.attributes["messaging.message.id"] = id.rawValue
        timer(milestone == .offered ? "offered" : "published").record(duration: .now - start)
        return id
      }
    }
  }
#endif
