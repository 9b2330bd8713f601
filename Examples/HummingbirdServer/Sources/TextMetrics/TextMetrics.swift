import CoreMetrics
import Synchronization

/// A metrics backend in place of your own. Each metric is one number, as a line of Prometheus text.
public final class TextMetrics: MetricsFactory {
  private final class Metric: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    let value = Mutex(0.0)

    func add(_ amount: Double) { value.withLock { $0 += amount } }
    func set(_ number: Double) { value.withLock { $0 = number } }

    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func reset() { set(0.0) }
    func set(_ number: Int64) { set(Double(number)) }
    func record(_ number: Int64) { add(Double(number)) }
    func record(_ number: Double) { add(number) }
    func recordNanoseconds(_ duration: Int64) { add(Double(duration) / 1e9) }
  }

  private let metrics = Mutex<[String: Metric]>([:])

  /// Creates a backend without metrics.
  public init() {}

  /// All metrics.
  public var text: String {
    metrics.withLock { $0 }.map { "\($0) \($1.value.withLock { $0 })\n" }.sorted().joined()
  }

  private func metric(_ label: String, _ dimensions: [(String, String)]) -> Metric {
    let labels = dimensions.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
    let name = label.replacing(".", with: "_") + (labels.isEmpty ? "" : "{\(labels)}")
    return metrics.withLock { metrics in
      if let metric = metrics[name] { return metric }
      let metric = Metric()
      metrics[name] = metric
      return metric
    }
  }

  /// Returns a metric whose number is the sum of the increments.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    metric(label, dimensions)
  }
  /// Returns a metric whose number is the last one.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    metric(label, dimensions)
  }
  /// Returns a metric whose number is the sum of the times in seconds.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    metric(label, dimensions)
  }
  /// Returns a metric whose number is the sum of the records.
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    metric(label, dimensions)
  }

  /// Keeps the metric.
  public func destroyCounter(_ handler: any CounterHandler) {}
  /// Keeps the metric.
  public func destroyMeter(_ handler: any MeterHandler) {}
  /// Keeps the metric.
  public func destroyTimer(_ handler: any TimerHandler) {}
  /// Keeps the metric.
  public func destroyRecorder(_ handler: any RecorderHandler) {}
}
