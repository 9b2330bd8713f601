import Foundation
import Testing

/// Runs of several processes with one history, in one thread, under schedules chosen by a seed. Whichever processes a
/// viewer uses, it receives what the store has of its run, from the beginning to the first end.
@Suite struct SharedRunScheduleTests {
  /// The number of schedules to run: `EVENTSOURCE_RUN_SCHEDULES`, or 1,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_RUN_SCHEDULES"].flatMap { Int($0) } ?? 1_000

  @Test(arguments: 0..<8)
  func everyScheduleOfRunsInSeveralProcessesKeepsThePromises(part: Int) {
    for seed in stride(from: UInt64(part), to: UInt64(Self.count), by: 8) {
      let scenario = SharedRunScenario(seed: RunScheduleTests.firstSeed + seed)
      scenario.run(steps: RunScheduleTests.steps)
      guard scenario.failures.isEmpty else {
        let shortest = shrink(RunScheduleTests.firstSeed + seed, below: scenario.steps)
        Issue.record(
          """
          EVENTSOURCE_SEED=\(RunScheduleTests.firstSeed + seed) EVENTSOURCE_RUN_SCHEDULES=1 \
          EVENTSOURCE_STEPS=\(shortest.steps): \(shortest.failures.prefix(3).joined(separator: "; "))
          """)
        return
      }
    }
  }

  /// Returns the shortest beginning of a schedule that fails, or the whole schedule.
  private func shrink(_ seed: UInt64, below steps: Int) -> SharedRunScenario {
    for steps in 0...steps {
      let scenario = SharedRunScenario(seed: seed)
      scenario.run(steps: steps)
      if !scenario.failures.isEmpty { return scenario }
    }
    preconditionFailure("a schedule that failed does not fail again")
  }
}
