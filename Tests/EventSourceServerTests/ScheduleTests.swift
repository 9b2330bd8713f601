import EventSourceServer
import EventSourceTesting
import Foundation
import Testing

/// The whole hub in one thread, under schedules of publishing, recording, connecting, stalling, reading, hanging up,
/// resuming, restarting, ending and forgetting that a seed chooses, with histories that are slow, fail and forget:
/// order, resume, isolation, slow readers and endings are what is promised.
@Suite struct ScheduleTests {
  /// How many schedules are tried: `EVENTSOURCE_SCHEDULES`, or 5,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_SCHEDULES"].flatMap { Int($0) } ?? 5_000
  /// How many steps of each are taken: `EVENTSOURCE_STEPS`, or all.
  static let steps = ProcessInfo.processInfo.environment["EVENTSOURCE_STEPS"].flatMap { Int($0) } ?? .max
  /// The first of their seeds, to try one again: `EVENTSOURCE_SEED`.
  static let firstSeed = ProcessInfo.processInfo.environment["EVENTSOURCE_SEED"].flatMap { UInt64($0) } ?? 1

  @Test(arguments: 0..<8)
  func everyScheduleKeepsThePromises(part: Int) {
    for seed in stride(from: UInt64(part), to: UInt64(Self.count), by: 8) {
      let schedule = Schedule(seed: Self.firstSeed + seed)
      schedule.run(steps: Self.steps)
      guard schedule.failures.isEmpty else {
        let shortest = shrink(Self.firstSeed + seed, below: schedule.steps)
        Issue.record(
          """
          EVENTSOURCE_SEED=\(Self.firstSeed + seed) EVENTSOURCE_SCHEDULES=1 EVENTSOURCE_STEPS=\(shortest.steps): \
          \(shortest.failures.prefix(3).joined(separator: "; "))
          """)
        return
      }
    }
  }

  /// The shortest beginning of a schedule that fails.
  private func shrink(_ seed: UInt64, below steps: Int) -> Schedule {
    for steps in 0...steps {
      let schedule = Schedule(seed: seed)
      schedule.run(steps: steps)
      if !schedule.failures.isEmpty { return schedule }
    }
    preconditionFailure("a schedule that failed does not fail again")
  }
}
