import BenchSupport
import EventSourceFormat
import EventSourceServer
import Foundation

/// Measures the slowest call of `publish` during work that must not delay it, and prints it as one line of JSON, in
/// microseconds on the publisher's thread. The lanes have their own threads, and the readers accept everything
/// immediately.
///
///     bench-publish [WAVES]
///
/// A wave (default: 200) is 20 readers that resume, or one large event.
@main struct BenchPublish {
  /// The publisher has one core.
  private static let lanes = max(1, ProcessInfo.processInfo.activeProcessorCount - 1)
  private static let logBytes = 8 << 20
  private static let resuming = 20
  private static let largeEvent = 4 << 20
  private static let readersOfTwo = 200

  static func main() throws {
    var waves = 200
    if let argument = CommandLine.arguments.dropFirst().first {
      guard let number = Int(argument), (1...10_000).contains(number) else {
        try FileHandle.standardError.write(contentsOf: Data("usage: bench-publish [WAVES]\n".utf8))
        exit(64)
      }
      waves = number
    }
    let cases = try [
      resume("20 resumes by own IDs", waves: waves) { newest, reader in "\(newest - 45_000 + reader * 2_000)" },
      resume("20 resumes by unknown IDs", waves: waves) { newest, reader in "nobody's-\(newest)-\(reader)" },
      largeEvents("4 MiB events to 200 readers of two channels", waves: waves),
    ]
    print("{\(cases.joined(separator: ", "))}")
  }

  /// Readers that resume in a full log. They receive all of it, or the events after the ID.
  private static func resume(
    _ name: String, waves: Int, id: (_ newest: Int, _ reader: Int) -> String
  ) throws -> String {
    let stack = Stack()
    var newest = 0
    var bytes = 0
    while bytes < 2 * logBytes {
      newest += 1
      try stack.hub.publish(ServerSentEvent(data: text, id: EventID(stringLiteral: "\(newest)")), to: "a")
      bytes += text.utf8.count
    }
    let publisher = SteadyPublisher(stack.hub, to: ["a"], after: newest)
    for _ in 0..<waves {
      let newest = publisher.newest
      let sinks = (0..<resuming).map { _ in Sink() }
      for (reader, sink) in sinks.enumerated() {
        stack.threads[reader % lanes].open(["a"], after: id(newest, reader), sink)
      }
      // Each has missed more than that. A reader that began with the oldest event may find that the next one was
      // evicted.
      waitUntil { sinks.allSatisfy { $0.byteCount > 5_000 * text.utf8.count || $0.isEnded } }
      stack.leave()
    }
    return json(name, publisher.stop())
  }

  /// Large events in one of the two channels of each reader.
  private static func largeEvents(_ name: String, waves: Int) throws -> String {
    let stack = Stack()
    let sinks = (0..<readersOfTwo).map { _ in Sink() }
    for (reader, sink) in sinks.enumerated() { stack.threads[reader % lanes].open(["a", "b"], after: nil, sink) }
    waitUntil { stack.hub.statistics.readers == readersOfTwo && sinks.allSatisfy { $0.byteCount > 0 } }
    let publisher = SteadyPublisher(stack.hub, to: ["a", "b"], after: 0)
    let event = ServerSentEvent(data: String(repeating: "y", count: largeEvent))
    var own = Histogram()
    for wave in 1...waves {
      let start = nanoseconds(CLOCK_MONOTONIC)
      try stack.hub.publish(event, to: "a")
      own.add(UInt64(nanoseconds(CLOCK_MONOTONIC) - start))
      waitUntil { sinks.allSatisfy { $0.byteCount > wave * largeEvent } }
    }
    let times = publisher.stop()
    stack.leave()
    return
      "\(json(name, times)), \(json("the 4 MiB events themselves", SteadyPublisher.Times(all: own, undisturbed: own)))"
  }

  private static func json(_ name: String, _ times: SteadyPublisher.Times) -> String {
    func microseconds(_ nanoseconds: UInt64) -> String { String(format: "%.1f", Double(nanoseconds) / 1000) }
    return """
      "\(name)": {"publishes": \(times.all.count), "p50": \(microseconds(times.all.quantile(0.5))), \
      "p999": \(microseconds(times.all.quantile(0.999))), "slowest": \(microseconds(times.all.maximum)), \
      "undisturbed": \(microseconds(times.undisturbed.maximum))}
      """
  }

  fileprivate static func waitUntil(_ isTrue: () -> Bool) {
    let end = ContinuousClock.now + .seconds(60)
    while !isTrue() {
      precondition(ContinuousClock.now < end, "what was awaited did not come")
      pause(.microseconds(500))
    }
  }

  private struct Stack {
    let hub: EventHub
    let threads: [LaneThread]

    init() {
      var configuration = EventHub.Configuration()
      configuration.channelCreation = .onDemand
      configuration.retention.maximumBytes = logBytes
      hub = EventHub(configuration: configuration)
      let handler = EventStreamHandler(hub)
      threads = (0..<lanes).map { _ in LaneThread(handler) }
    }

    func leave() {
      for thread in threads { thread.leave() }
      BenchPublish.waitUntil { hub.statistics.readers == 0 }
    }
  }
}
