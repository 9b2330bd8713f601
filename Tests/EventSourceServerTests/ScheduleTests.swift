import EventSourceServer
import EventSourceTesting
import Foundation
import Testing

/// The whole hub in one thread, under schedules of publishing, connecting, stalling, reading, hanging up, resuming,
/// ending and forgetting that a seed chooses: what DESIGN calls order, resume, isolation, slow readers and endings.
@Suite struct ScheduleTests {
  /// How many schedules are tried: `EVENTSOURCE_SCHEDULES`, or 10,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_SCHEDULES"].flatMap { Int($0) } ?? 10_000
  /// The first of their seeds, to try one again: `EVENTSOURCE_SEED`.
  static let firstSeed = ProcessInfo.processInfo.environment["EVENTSOURCE_SEED"].flatMap { UInt64($0) } ?? 1

  @Test(arguments: 0..<8)
  func everyScheduleKeepsThePromises(part: Int) {
    for seed in stride(from: UInt64(part), to: UInt64(Self.count), by: 8) {
      let schedule = Schedule(seed: Self.firstSeed + seed)
      schedule.run()
      guard schedule.failures.isEmpty else {
        Issue.record("seed \(Self.firstSeed + seed): \(schedule.failures.prefix(3).joined(separator: "; "))")
        return
      }
    }
  }
}
