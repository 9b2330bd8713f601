import CountedMalloc
import EventSourceFormat
import EventSourceServer

/// The cost of runs.
extension BenchMicro {
  private static let event = ServerSentEvent(data: String(repeating: "x", count: 100))

  private static func collection(_ runs: Int) -> RunCollection {
    var configuration = RunCollection.Configuration()
    configuration.maximumRuns = runs
    configuration.memoryLimit = 1 << 30
    var hub = EventHub.Configuration()
    hub.memoryLimit = 2 << 30
    return RunCollection(EventHub(configuration: hub), configuration: configuration)
  }

  /// Starting a run, including the event with its ID.
  static func startRun() throws -> Measurement {
    let runs = collection(100_000)
    let lane = runs.hub.makeLane(wake: {})
    return try measure("start a run", operations: 10_000) {
      for _ in 0..<10_000 { _ = try runs.start() }
      _ = lane.run(now: .seconds(1))
    }
  }

  /// The heap memory of a run, without the bytes of its events.
  static func run() throws -> Measurement {
    let count = 10_000
    let runs = collection(count)
    let lane = runs.hub.makeLane(wake: {})
    let before = heap_bytes_in_use()
    var bytes = 0
    for _ in 0..<count {
      let run = try runs.start()
      for _ in 0..<20 { try run.write(event) }
      bytes += run.byteCount
    }
    _ = lane.run(now: .seconds(1))
    let beside = Double(Int(heap_bytes_in_use()) - Int(before) - bytes) / Double(count)
    return withExtendedLifetime(runs) { Measurement("bytes of a run beside its events", beside.rounded()) }
  }

  /// The memory that remains of a run after its retention.
  static func finishedRuns() throws -> Measurement {
    let count = 100_000
    let runs = collection(count)
    let lane = runs.hub.makeLane(wake: {})
    var now = Duration.seconds(1)
    func batch() throws {
      for _ in 0..<1000 {
        let run = try runs.start()
        try run.write(event)
        try run.finish()
      }
      _ = lane.run(now: now)
      now += .seconds(61)
      _ = lane.run(now: now)
    }
    try batch()
    let before = heap_bytes_in_use()
    for _ in 0..<(count / 1000) { try batch() }
    let left = Double(Int(heap_bytes_in_use()) - Int(before)) / Double(count)
    return withExtendedLifetime(runs) { Measurement("bytes left by a finished run", max(0, left.rounded())) }
  }
}
