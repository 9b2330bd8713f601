import CountedMalloc
import EventSourceFormat
import EventSourceServer
import Foundation

/// Measures allocations per operation, which do not depend on the machine, and nanoseconds, which do.
///
///     bench-micro [--check thresholds.json]
///
/// With `--check`, it fails if an operation has more allocations or bytes than the file allows, or is not in the file.
@main struct BenchMicro {
  static func main() throws {
    var limits: [String: Double]?
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == "--check", let path = arguments.dropFirst().first {
      limits = try JSONDecoder().decode([String: Double].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
    let measurements = try [
      publish(readers: 0, "publish with 0 readers"), publish(readers: 1, "publish with 1 reader"),
      publish(readers: 10_000, "publish with 10,000 readers on another lane"), deliver(), encode(), parse(),
      parse(id: "an-id-of-more-than-15-bytes-", "parse with a long ID"), attach(), resume(), channel(holdsEvent: false),
      channel(holdsEvent: true), startRun(), run(), finishedRuns(),
    ]
    var areKept = true
    for measurement in measurements {
      let time = measurement.nanoseconds.map { "\t\(Int($0)) ns" } ?? ""
      print("\(measurement.name): \(measurement.count)\(time)")
      guard let limits else { continue }
      if let limit = limits[measurement.name] {
        if measurement.count > limit {
          print("bench-micro: \"\(measurement.name)\" is \(measurement.count), which is more than \(limit)")
          areKept = false
        }
      } else {
        print("bench-micro: there is no threshold for \"\(measurement.name)\"")
        areKept = false
      }
    }
    if let limits, limits.count != measurements.count {
      print("bench-micro: there are \(limits.count) thresholds for \(measurements.count) measurements")
      areKept = false
    }
    if !areKept { exit(1) }
  }

  struct Measurement {
    var name: String
    /// Allocations per operation, unless the name states another unit.
    var count: Double
    var nanoseconds: Double?

    init(_ name: String, _ count: Double, nanoseconds: Double? = nil) {
      self.name = name
      self.count = (count * 10_000).rounded() / 10_000
      self.nanoseconds = nanoseconds
    }
  }

  /// Returns the cost of an operation after a warm-up: the best of five rounds.
  static func measure(
    _ name: String, operations: Int, _ body: () throws -> Void
  ) rethrows -> Measurement {
    try body()
    let clock = ContinuousClock()
    var (best, fewest) = (Duration.seconds(3600), UInt.max)
    for _ in 0..<5 {
      let (before, start) = (counted_allocations(), clock.now)
      try body()
      best = min(best, start.duration(to: clock.now))
      fewest = min(fewest, counted_allocations() - before)
    }
    return Measurement(name, Double(fewest) / Double(operations), nanoseconds: best / .nanoseconds(operations))
  }

  private static let name: ChannelName = "a"
  private static let event = ServerSentEvent(data: String(repeating: "x", count: 100), id: "1")

  /// The publisher's part alone, without running the readers' lane.
  static func publish(readers: Int, _ name: String) throws -> Measurement {
    let stack = Stack(readers: readers)
    let (events, channel) = (100_000, Self.name)
    return try measure(name, operations: events) {
      for _ in 0..<events { try stack.hub.publish(event, to: channel) }
    }
  }

  /// The additional cost of delivery per reader.
  static func deliver() throws -> Measurement {
    func all(readers: Int) throws -> Measurement {
      let stack = Stack(readers: readers)
      return try measure("", operations: 1) {
        for _ in 0..<10_000 {
          try stack.hub.publish(event, to: name)
          stack.run()
        }
      }
    }
    let (none, thousand) = (try all(readers: 0), try all(readers: 1000))
    let operations = 10_000.0 * 1000
    let time = (thousand.nanoseconds ?? 0) - (none.nanoseconds ?? 0)
    return Measurement(
      "deliver to one of 1,000 readers", max(thousand.count - none.count, 0) / operations,
      nanoseconds: time / operations)
  }

  static func encode() throws -> Measurement {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1 << 20)
    return try measure("encode", operations: 1000) {
      bytes.removeAll(keepingCapacity: true)
      for _ in 0..<1000 { try EventStreamEncoder.encode(event, into: &bytes) }
    }
  }

  static func parse(id prefix: String = "", _ name: String = "parse") throws -> Measurement {
    var stream: [UInt8] = []
    for number in 0..<1000 {
      let data = String(repeating: "\(number) ", count: 30)
      let event = ServerSentEvent(data: data, type: "update", id: try EventID("\(prefix)\(number)"))
      try EventStreamEncoder.encode(event, into: &stream)
    }
    var parser = EventStreamParser()
    return try measure(name, operations: 1000) {
      try parser.parse(stream) { if case .event(let event) = $0 { precondition(!event.lastEventID.isEmpty) } }
    }
  }

  /// A reader that connects and disconnects.
  static func attach() -> Measurement {
    let stack = Stack(readers: 0)
    return measure("attach and detach", operations: 1000) {
      for _ in 0..<1000 {
        let session = stack.attach()
        stack.run()
        session.peerDisconnected()
        stack.run()
      }
    }
  }

  /// A reader that reconnects, receives 100 missed events, and disconnects.
  static func resume() throws -> Measurement {
    let stack = Stack(readers: 0)
    var ids: [EventID] = []
    for _ in 0..<101 { ids.append(try stack.hub.publish("missed", to: "a")) }
    let fields = [HeaderField("Last-Event-ID", ids[0].rawValue)]
    return measure("resume from the log", operations: 1000) {
      for _ in 0..<1000 {
        let session = stack.attach(fields)
        stack.run()
        session.peerDisconnected()
        stack.run()
      }
    }
  }

  /// The heap memory of a channel, before or after the first event.
  static func channel(holdsEvent: Bool) throws -> Measurement {
    let channels = 100_000
    var configuration = EventHub.Configuration()
    configuration.maximumChannels = channels
    let hub = EventHub(configuration: configuration)
    let names = (0..<channels).map { ChannelName(stringLiteral: "channel-\($0)") }
    let before = heap_bytes_in_use()
    for name in names {
      hub.openChannel(name)
      if holdsEvent { try hub.publish(event, to: name) }
    }
    let bytes = Double(heap_bytes_in_use() - before) / Double(channels)
    let name = holdsEvent ? "bytes of a channel that holds an event" : "bytes of a channel"
    return withExtendedLifetime(hub) { Measurement(name, bytes.rounded()) }
  }
}
