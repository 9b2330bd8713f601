#if Observability
  public import EventSourceServer
  public import Metrics
  import Synchronization

  /// Reports a hub's statistics to swift-metrics.
  ///
  /// Totals are counters, and current values are meters. ``report()`` updates them, so delivery costs nothing extra.
  /// <doc:Metrics> lists the names.
  public final class HubMetrics: Sendable {
    private let hub: EventHub
    private let dimensions: [(String, String)]
    private let factory: any MetricsFactory
    private let previous = Mutex(HubStatistics?.none)

    /// Creates a reporter.
    ///
    /// - Parameters:
    ///   - hub: The hub.
    ///   - dimensions: Dimensions of every metric, such as the hub's name if a program has several.
    ///   - factory: Creates the metrics. `nil` means the factory with which swift-metrics was bootstrapped.
    public init(_ hub: EventHub, dimensions: [(String, String)] = [], factory: (any MetricsFactory)? = nil) {
      self.hub = hub
      self.dimensions = dimensions
      self.factory = factory ?? MetricsSystem.factory
    }

    /// Reads the hub's statistics and updates all metrics. Acquires several locks of the hub, so call it every few
    /// seconds, not for every event. Safe to call from any thread.
    public func report() {
      previous.withLock { previous in
        let statistics = hub.statistics
        for (name, value) in Self.totals {
          count(name, statistics[keyPath: value] - (previous?[keyPath: value] ?? 0))
        }
        for (reason, total) in statistics.streamsEnded {
          count("streams.ended", total - (previous?.streamsEnded[reason] ?? 0), [("reason", reason.rawValue)])
        }
        for (name, value) in Self.levels {
          Meter(label: Self.prefix + name, dimensions: dimensions, factory: factory)
            .set(statistics[keyPath: value])
        }
        previous = statistics
      }
    }

    /// Reports at this interval until the task is cancelled, and then once more.
    public func run(every interval: Duration = .seconds(5)) async {
      while !Task.isCancelled {
        report()
        try? await Task.sleep(for: interval)
      }
      report()
    }

    static let prefix = "eventsource."

    private static var totals: [(String, KeyPath<HubStatistics, Int>)] {
      [
        ("events.published", \.eventsPublished), ("bytes.published", \.publishedBytes),
        ("events.delivered", \.eventsDelivered),
        ("events.replayed", \.eventsReplayed), ("bytes.sent", \.sentBytes), ("events.coalesced", \.eventsCoalesced),
        ("events.skipped", \.eventsSkipped), ("events.conflated", \.eventsConflated), ("gaps", \.gaps),
        ("streams.opened", \.streamsOpened), ("requests.rejected", \.requestsRejected),
        ("segments.evicted_unoffered", \.evictedUnoffered),
      ]
    }

    private static var levels: [(String, KeyPath<HubStatistics, Int>)] {
      [
        ("readers", \.readers), ("channels", \.channels), ("publications.waiting", \.waitingPublications),
        ("bytes.held", \.retainedBytes),
      ]
    }

    private func count(_ name: String, _ difference: Int, _ more: [(String, String)] = []) {
      let counter = Counter(label: Self.prefix + name, dimensions: dimensions + more, factory: factory)
      if difference > 0 { counter.increment(by: difference) }
    }
  }
#endif
