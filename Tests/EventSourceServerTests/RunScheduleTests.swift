import Foundation
import Testing

/// Runs in one thread, under schedules that a seed chooses: producers that write, finish, fail, are stopped and write
/// too much; viewers that come before, at and after the end, drop, resume and stall; retention, budget, a history that
/// fails, and processes that are killed.
@Suite struct RunScheduleTests {
  /// How many schedules are tried: `EVENTSOURCE_RUN_SCHEDULES`, or 5,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_RUN_SCHEDULES"].flatMap { Int($0) } ?? 5_000
  /// How many steps of each are taken: `EVENTSOURCE_STEPS`, or all.
  static let steps = ProcessInfo.processInfo.environment["EVENTSOURCE_STEPS"].flatMap { Int($0) } ?? .max
  /// The first of their seeds, to try one again: `EVENTSOURCE_SEED`.
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

  /// The shortest beginning of a schedule that fails; the whole one if its beginnings do not.
  private func shrink(_ seed: UInt64, below steps: Int) -> RunScenario {
    for steps in 0...steps {
      let scenario = RunScenario(seed: seed)
      scenario.run(steps: steps)
      if !scenario.failures.isEmpty { return scenario }
    }
    preconditionFailure("a schedule that failed does not fail again")
  }
}
