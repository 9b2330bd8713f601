#if Observability
  public import EventSourceFormat
  public import EventSourceServer
  public import Metrics
  public import Tracing

  /// A repository that wraps another one and adds a span, a timer and an error counter to each call.
  ///
  /// The hub records waiting publications together. The span of a batch is the child of the publication that began the
  /// batch.
  ///
  /// | call | span | timer | counter of failures |
  /// |---|---|---|---|
  /// | `events(for:)` | `eventsource replay` | `eventsource.replay.duration` | `eventsource.store.errors` |
  /// | `append(_:to:)` | `eventsource record` | `eventsource.record.duration` | `eventsource.store.errors` |
  public final class ObservedEventRepository<Base: EventRepository>: EventRepository {
    /// The repository that does the work.
    public let base: Base

    private let tracer: any Tracer
    private let dimensions: [(String, String)]
    private let factory: any MetricsFactory

    /// Wraps a repository.
    ///
    /// - Parameters:
    ///   - base: The repository that does the work.
    ///   - dimensions: Dimensions of every metric, such as the store's name.
    ///   - tracer: Creates the spans. `nil` means the tracer with which swift-distributed-tracing was bootstrapped.
    ///   - factory: Creates the metrics. `nil` means the factory with which swift-metrics was bootstrapped.
    public init(
      _ base: Base, dimensions: [(String, String)] = [], tracer: (any Tracer)? = nil,
      factory: (any MetricsFactory)? = nil
    ) {
      self.base = base
      self.dimensions = dimensions
      self.tracer = tracer ?? InstrumentationSystem.tracer
      self.factory = factory ?? MetricsSystem.factory
    }

    /// Returns the events that the wrapped repository returns.
    public func events(for request: ReplayRequest) async throws -> ReplayResult {
      try await observe("replay", request.channel) { span in
        let answer = try await base.events(for: request)
        span.attributes["eventsource.replay.outcome"] = answer.outcome
        span.attributes["messaging.batch.message_count"] = answer.eventCount
        return answer
      }
    }

    private func observe<Value: Sendable>(
      _ operation: String, _ channel: ChannelName, _ body: (any Span) async throws -> Value
    ) async throws -> Value {
      let start = ContinuousClock.now
      defer {
        Timer(label: HubMetrics.prefix + operation + ".duration", dimensions: dimensions, factory: factory)
          .record(duration: .now - start)
      }
      do {
        return try await tracer.withSpan("eventsource " + operation, ofKind: .client) { span in
          span.attributes["messaging.system"] = "eventsource"
          span.attributes["messaging.destination.name"] = channel.rawValue
          return try await body(span)
        }
      } catch {
        Counter(
          label: HubMetrics.prefix + "store.errors", dimensions: dimensions + [("operation", operation)],
          factory: factory
        ).increment()
        throw error
      }
    }
  }

  extension ObservedEventRepository: RecordingEventRepository where Base: RecordingEventRepository {
    /// Records the events in the wrapped repository.
    public func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
      try await observe("record", channel) { span in
        span.attributes["messaging.batch.message_count"] = events.count
        return try await base.append(events, to: channel)
      }
    }
  }

  extension ObservedEventRepository: NewestEventReporting where Base: NewestEventReporting {
    /// Returns the ID that the wrapped repository returns.
    public func newestEventID(in channel: ChannelName) async throws -> EventID? {
      try await base.newestEventID(in: channel)
    }
  }

  extension ReplayResult {
    fileprivate var outcome: String {
      switch self {
      case .contiguous: "contiguous"
      case .gap: "gap"
      case .unknownID: "unknown_id"
      }
    }

    fileprivate var eventCount: Int {
      switch self {
      case .contiguous(let events), .gap(let events): events.count
      case .unknownID: 0
      }
    }
  }
#endif
