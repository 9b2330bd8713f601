import BenchSupport
import EventSourceFormat
import EventSourceServer
import Glibc
import Synchronization

/// Executes the jobs of `POST /publish`, each on its own thread, and reports their durations.
final class Publisher: Sendable {
  struct Job: Sendable {
    var count = 1000
    var size = 100
    /// Events per second. 0 means as fast as possible.
    var rate = 0.0
    var channels = 1
    /// The number of events to publish at once, followed by a pause that keeps the average rate.
    var burst = 1
    /// Whether the data is JSON as applications send it.
    var isJSON = false
    /// Tasks that publish to a shared history at once.
    var publishers = 1
    /// The first part of the IDs, so that they are as long as those of a shared history. 0 means numbers alone.
    var epoch = 0

    /// Missing or invalid query items keep the defaults.
    init(query: String) {
      for item in query.split(separator: "&") {
        let parts = item.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = Double(parts[1]), value >= 0, value < 1e16 else { continue }
        switch parts[0] {
        case "n": count = Int(value)
        case "size": size = Int(value)
        case "rate": rate = value
        case "channels": channels = max(1, Int(value))
        case "burst": burst = max(1, Int(value))
        case "json": isJSON = value == 1
        case "publishers": publishers = max(1, Int(value))
        case "epoch": epoch = Int(value)
        default: break
        }
      }
    }
  }

  /// The timer of the serving loop, if the loop supports timers.
  let timer = LoopTimer()
  private let hub: EventHub
  private let names = Mutex<[ChannelName]>([])
  private let number = Atomic(0)
  private let times = Mutex(Histogram())
  private let isShared: Bool
  /// Of the last job with a shared history: how long it took, when it is done.
  private let recording = Mutex(0.0)

  init(_ hub: EventHub, isShared: Bool) {
    self.hub = hub
    self.isShared = isShared
  }

  func start(_ job: Job) {
    guard isShared else { return startThread { self.run(job) } }
    if job.rate > 0 { return startThread { self.runShared(job, each: 1e9 / job.rate) } }
    recording.withLock { $0 = 0 }
    Task { await runShared(job) }
  }

  /// Each event is published when it is due, whether or not those before it are stored.
  private func runShared(_ job: Job, each interval: Double) {
    let names = names(job.channels)
    let start = nanoseconds(CLOCK_MONOTONIC)
    for index in 0..<job.count {
      wait(until: start + Int64(Double(index) * interval))
      let data = data(size: job.size)
      Task { await self.record(data, names[index % names.count]) }
    }
  }

  private func runShared(_ job: Job) async {
    let names = names(job.channels)
    let start = nanoseconds(CLOCK_MONOTONIC)
    await withTaskGroup(of: Void.self) { group in
      for first in 0..<job.publishers {
        group.addTask {
          for index in stride(from: first, to: job.count, by: job.publishers) {
            await self.record(self.data(size: job.size), names[index % names.count])
          }
        }
      }
    }
    recording.withLock { $0 = Double(nanoseconds(CLOCK_MONOTONIC) - start) / 1e9 }
  }

  private func record(_ data: String, _ name: ChannelName) async {
    do {
      try await hub.publish(data, to: name, waitingUntil: .stored)
    } catch {
      fatalError("bench-server: \(error)")
    }
  }

  private func run(_ job: Job) {
    let names = names(job.channels)
    timer.reset()
    let start = nanoseconds(CLOCK_MONOTONIC)
    var times = Histogram()
    for index in 0..<job.count {
      if job.rate > 0, index % job.burst == 0 { wait(until: start + Int64(Double(index) * 1e9 / job.rate)) }
      let number = number.add(1, ordering: .relaxed).newValue
      let id = EventID(stringLiteral: job.epoch > 0 ? "\(job.epoch)-\(number)" : "\(number)")
      let data = job.isJSON ? json(size: job.size) : data(size: job.size)
      let event = ServerSentEvent(data: data, id: id)
      let before = nanoseconds(CLOCK_MONOTONIC)
      do {
        try hub.publish(event, to: names[index % names.count])
      } catch {
        fatalError("bench-server: \(error)")
      }
      times.add(UInt64(nanoseconds(CLOCK_MONOTONIC) - before))
    }
    self.times.withLock { $0 = times }
  }

  private func names(_ count: Int) -> [ChannelName] {
    names.withLock { names in
      for number in names.count..<max(count, names.count) { names.append(ChannelName(stringLiteral: "\(number)")) }
      return Array(names.prefix(count))
    }
  }

  /// A time stamp, padded with letters.
  private func data(size: Int) -> String {
    var stamp = "ts=\(nanoseconds(CLOCK_REALTIME)) "
    guard size > stamp.utf8.count else { return stamp }
    return String(unsafeUninitializedCapacity: size) { memory in
      stamp.withUTF8 { stamp in
        _ = memory.initialize(fromContentsOf: stamp)
        memory[stamp.count...].initialize(repeating: UInt8(ascii: "x"))
      }
      return size
    }
  }

  /// Returns quotes with a time stamp, numbers and names that differ, of about `size` bytes.
  private func json(size: Int) -> String {
    let names = ["ACME", "Borealis", "Cumulus", "Dynamo", "Everest", "Fjord", "Granite", "Horizon"]
    var text = "{\"ts\":\(nanoseconds(CLOCK_REALTIME)),\"quotes\":["
    repeat {
      let price = Int.random(in: 10_000..<99_999)
      text +=
        "{\"symbol\":\"\(names.randomElement()!)\",\"price\":\(price / 100).\(price % 100),"
        + "\"volume\":\(Int.random(in: 1..<5000)),\"side\":\"\(Bool.random() ? "buy" : "sell")\"},"
    } while text.utf8.count + 80 < size
    text.removeLast()
    return text + "]}"
  }

  /// The hub's statistics, the durations of the last job's calls of `publish`, and the timer's delays since then.
  var statistics: String {
    let now = hub.statistics
    return """
      {"readers": \(now.readers), "channels": \(now.channels), "published": \(now.eventsPublished), \
      "delivered": \(now.eventsDelivered), "sent_bytes": \(now.sentBytes), "retained_bytes": \(now.retainedBytes), \
      "gaps": \(now.gaps), "dropped": \(now.streamsDropped), "publish_ns": \(Self.json(times.withLock { $0 })), \
      "timer_ns": \(Self.json(timer.lateness)), "recording_seconds": \(recording.withLock { $0 }), \
      "allocations": \(Self.allocations)}

      """
  }

  /// The number of allocations so far, if the process was started with CountedMalloc as a library. Otherwise 0.
  private static var allocations: UInt {
    guard let symbol = dlsym(nil, "counted_allocations") else { return 0 }
    return unsafeBitCast(symbol, to: (@convention(c) () -> UInt).self)()
  }

  private static func json(_ times: Histogram) -> String {
    """
    {"count": \(times.count), "p50": \(times.quantile(0.5)), "p99": \(times.quantile(0.99)), \
    "p999": \(times.quantile(0.999)), "max": \(times.maximum)}
    """
  }
}
