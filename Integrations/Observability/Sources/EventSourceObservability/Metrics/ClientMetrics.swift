#if Observability
  public import EventSourceClient
  public import Metrics

  /// Counts what an `EventSource` receives.
  ///
  /// ```swift
  /// let metrics = ClientMetrics(dimensions: [("feed", "orders")])
  /// for try await element in metrics.counting(source.elements) { … }
  /// ```
  public struct ClientMetrics: Sendable {
    private let events: Counter
    private let connections: Counter
    private let reconnections: Counter
    private let gaps: Counter

    /// Creates the counters.
    ///
    /// - Parameters:
    ///   - dimensions: Dimensions of every counter, such as a name of the feed.
    ///   - factory: Creates the metrics. `nil` means the factory with which swift-metrics was bootstrapped.
    public init(dimensions: [(String, String)] = [], factory: (any MetricsFactory)? = nil) {
      let factory = factory ?? MetricsSystem.factory
      func counter(_ name: String) -> Counter {
        Counter(label: "eventsource.client." + name, dimensions: dimensions, factory: factory)
      }
      events = counter("events")
      connections = counter("connections")
      reconnections = counter("reconnections")
      gaps = counter("gaps")
    }

    /// Counts an element.
    public func count(_ element: EventSource.Element) {
      switch element {
      case .opened: connections.increment()
      case .event: events.increment()
      case .reconnecting: reconnections.increment()
      case .gap: gaps.increment()
      case .comment, .closed: break
      }
    }

    /// Returns the elements unchanged. Each is counted when the consumer receives it.
    public func counting(
      _ elements: EventSource.Elements
    ) -> AsyncMapSequence<EventSource.Elements, EventSource.Element> {
      elements.map { element in
        count(element)
        return element
      }
    }
  }
#endif
