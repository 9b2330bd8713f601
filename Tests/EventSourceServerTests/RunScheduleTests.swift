import Foundation
import Testing

/// Runs in one thread, under schedules chosen by a seed. Producers write, finish, fail, are stopped and write too much.
/// Viewers connect before, at and after the end, disconnect, resume and stall. Runs are discarded after their retention
/// or for lack of memory, the history fails, and processes are killed.
@Suite struct RunScheduleTests {
  /// The number of schedules to run: `EVENTSOURCE_RUN_SCHEDULES`, or 5,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_RUN_SCHEDULES"].flatMap { Int($0) } ?? 5_000
  /// The maximum number of steps of each: `EVENTSOURCE_STEPS`, or all.
  static let steps = ProcessInfo.processInfo.environment["EVENTSOURCE_STEPS"].flatMap { Int($0) } ?? .max
  /// The first seed: `EVENTSOURCE_SEED`, or 1. Use it to repeat a schedule.
  static let firstSeed = ProcessInfo.processInfo.environment["EVENTSOURCE_SEED"].flatMap { UInt64($0) } ?? 1

  @Test(arguments: 0..<8)
  func everyScheduleOfRunsKeepsThePromises(part: Int) {
    for seed in stride(from: UInt64(part), to: UInt64(Self.count), by: 8) {
      let scenario = RunScenario(seed: Self.firstSeed + seed)
      scenario.run(steps: Self.steps)
      guard scenario.failures.isEmpty else {
        let shortest = shrink(Self.firstSeed + seed, below: scenario.steps)
        Issue.record(
          """
          EVENTSOURCE_SEED=\(Self.firstSeed + seed) EVENTSOURCE_RUN_SCHEDULES=1 EVENTSOURCE_STEPS=\(shortest.steps): \
          \(shortest.failures.prefix(3).joined(separator: "; "))
          """)
        return
      }
    }
  }

  @Test func viewersOfSchedulesReceiveCompressedStreams() {
    let compressed = (8..<16 as Range<UInt64>).contains { seed in
      let scenario = RunScenario(seed: seed)
      scenario.run()
      return scenario.wasCompressed
    }
    #expect(compressed)
  }

  /// Returns the shortest beginning of a schedule that fails, or the whole schedule.
  private func shrink(_ seed: UInt64, below steps: Int) -> RunScenario {
    for steps in 0...steps {
      let scenario = RunScenario(seed: seed)
      scenario.run(steps: steps)
      if !scenario.failures.isEmpty { return scenario }
    }
    preconditionFailure("a schedule that failed does not fail again")
  }
}
