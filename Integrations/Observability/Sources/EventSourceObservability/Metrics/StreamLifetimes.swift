#if Observability
  public import EventSourceServer
  public import Metrics
  import Synchronization

  /// Records how long streams were open, in the timer `eventsource.stream.duration`. Its dimension is the reason for
  /// the end.
  ///
  /// ```swift
  /// var configuration = EventHub.Configuration()
  /// configuration.occupancyObservers.append(StreamLifetimes())
  /// ```
  public final class StreamLifetimes: OccupancyObserver {
    private struct Open {
      var since: ContinuousClock.Instant
      var channels: Int
    }

    private let dimensions: [(String, String)]
    private let factory: any MetricsFactory
    private let open = Mutex<[UInt64: Open]>([:])

    /// Creates an observer for one hub.
    ///
    /// - Parameters:
    ///   - dimensions: Dimensions of the timer.
    ///   - factory: Creates the timer. `nil` means the factory with which swift-metrics was bootstrapped.
    public init(dimensions: [(String, String)] = [], factory: (any MetricsFactory)? = nil) {
      self.dimensions = dimensions
      self.factory = factory ?? MetricsSystem.factory
    }

    /// Handles a change reported by the hub.
    public func occupancyChanged(_ change: OccupancyChange) async {
      switch change {
      case .readerJoined(let reader, _, _):
        open.withLock { open in
          open[reader.stream, default: Open(since: .now, channels: 0)].channels += 1
        }
      case .readerLeft(let reader, _, let reason, _):
        let since = open.withLock { open -> ContinuousClock.Instant? in
          open[reader.stream]?.channels -= 1
          guard let stream = open[reader.stream], stream.channels == 0 else { return nil }
          open[reader.stream] = nil
          return stream.since
        }
        if let since { record(.now - since, reason) }
      // It is no longer known which streams are open.
      case .resynchronized: open.withLock { $0 = [:] }
      case .occupied, .vacated: break
      }
    }

    private func record(_ duration: Duration, _ reason: DisconnectReason) {
      Timer(
        label: HubMetrics.prefix + "stream.duration", dimensions: dimensions + [("reason", reason.rawValue)],
        factory: factory
      ).record(duration: duration)
    }
  }
#endif
