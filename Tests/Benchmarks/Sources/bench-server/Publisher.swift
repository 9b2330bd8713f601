import BenchSupport
import EventSourceFormat
import EventSourceServer
import Glibc
import Synchronization

/// Publishes what `POST /publish` asks for, each job in a thread of its own, and tells the time that it took.
final class Publisher: Sendable {
  struct Job: Sendable {
    var count = 1000
    var size = 100
    /// Events a second; 0: as fast as it goes.
    var rate = 0.0
    var channels = 1
    /// So many at once, and then a wait for as long as they would have taken one by one.
    var burst = 1
    /// Whether the data is JSON as applications send it.
    var isJSON = false

    /// Items of a query that are missing, or make no sense, leave the defaults.
    init(query: String) {
      for item in query.split(separator: "&") {
        let parts = item.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = Double(parts[1]), value >= 0, value < 1e9 else { continue }
        switch parts[0] {
        case "n": count = Int(value)
        case "size": size = Int(value)
        case "rate": rate = value
        case "channels": channels = max(1, Int(value))
        case "burst": burst = max(1, Int(value))
        case "json": isJSON = value == 1
        default: break
        }
      }
    }
  }

  /// Of the loop that serves, if it has timers.
  let timer = LoopTimer()
  private let hub: EventHub
  private let names = Mutex<[ChannelName]>([])
  private let number = Atomic(0)
  private let times = Mutex(Histogram())

  init(_ hub: EventHub) { self.hub = hub }

  func start(_ job: Job) { startThread { self.run(job) } }

  private func run(_ job: Job) {
    let names = names(job.channels)
    timer.reset()
    let start = nanoseconds(CLOCK_MONOTONIC)
    var times = Histogram()
    for index in 0..<job.count {
      if job.rate > 0, index % job.burst == 0 { wait(until: start + Int64(Double(index) * 1e9 / job.rate)) }
      let id = EventID(stringLiteral: String(number.add(1, ordering: .relaxed).newValue))
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

  private func wait(until moment: Int64) {
    var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
  }

  /// A time stamp, filled up with letters.
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

  /// Quotes with a time stamp, numbers and names that differ, until the size is reached.
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

  /// What the hub has done, how long the calls of publish of the last job took, and how late the timer was since.
  var statistics: String {
    let now = hub.statistics
    return """
      {"readers": \(now.readers), "channels": \(now.channels), "published": \(now.eventsPublished), \
      "delivered": \(now.eventsDelivered), "sent_bytes": \(now.sentBytes), "retained_bytes": \(now.retainedBytes), \
      "gaps": \(now.gaps), "dropped": \(now.streamsDropped), "publish_ns": \(Self.json(times.withLock { $0 })), \
      "timer_ns": \(Self.json(timer.lateness))}

      """
  }

  private static func json(_ times: Histogram) -> String {
    """
    {"count": \(times.count), "p50": \(times.quantile(0.5)), "p99": \(times.quantile(0.99)), \
    "p999": \(times.quantile(0.999)), "max": \(times.maximum)}
    """
  }
}
