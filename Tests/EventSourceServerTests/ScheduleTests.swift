@testable import EventSourceServer
import EventSourceTesting
import Foundation
import Synchronization
import Testing

/// Tests the whole hub in one thread, under schedules that a seed draws from everything that the interface allows. The
/// judge is a model that knows only the guarantees page.
@Suite struct ScheduleTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// The number of schedules to run: `EVENTSOURCE_SCHEDULES`, or 5,000.
  static let count = environment["EVENTSOURCE_SCHEDULES"].flatMap { Int($0) } ?? 5_000
  /// The maximum number of steps of each: `EVENTSOURCE_STEPS`, or all.
  static let steps = environment["EVENTSOURCE_STEPS"].flatMap { Int($0) } ?? .max
  /// The first seed, for repeating a schedule: `EVENTSOURCE_SEED`.
  static let firstSeed = environment["EVENTSOURCE_SEED"].flatMap { UInt64($0) } ?? 1
  /// The number of failures after which no more schedules are run: `EVENTSOURCE_FAILURES`, or one.
  static let failures = environment["EVENTSOURCE_FAILURES"].flatMap { Int($0) } ?? 1
  /// The file for the seeds of the schedules in progress, which identifies a schedule that ends the process:
  /// `EVENTSOURCE_SEED_LOG`.
  static let seedLog = environment["EVENTSOURCE_SEED_LOG"]

  @Test func everyScheduleKeepsThePromises() async {
    let progress = ScheduleProgress(failures: Self.failures)
    await withTaskGroup { group in
      for part in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount) {
        group.addTask {
          while let index = progress.next(below: Self.count) {
            let seed = Self.firstSeed + UInt64(index)
            Self.log(seed, part)
            let schedule = Schedule(seed: seed)
            schedule.run(steps: Self.steps)
            progress.add(schedule.coverage)
            if !schedule.failures.isEmpty {
              progress.fail()
              record(schedule, seed, countedBy: "EVENTSOURCE_SCHEDULES", Schedule.init)
            }
          }
        }
      }
    }
    // After a few schedules, or after a failure, the coverage has no meaning.
    guard !progress.hasFailed, Self.count >= 5_000 else { return }
    let tried = progress.coverage
    // The long run covers everything. A few thousand schedules omit some rare cases.
    let most = Self.count >= 20_000 ? 0 : Occurrence.all.count / 10
    #expect(tried.missing.count <= most, "never tried: \(tried.missing.map(\.name).joined(separator: ", "))")
    if Self.count >= 20_000 || Self.environment["EVENTSOURCE_TABLE"] != nil {
      print("What \(Self.count) schedules tried:\n\(tried.table)")
    }
  }

  private static func log(_ seed: UInt64, _ part: Int) {
    guard let seedLog else { return }
    try? "\(seed)".write(toFile: "\(seedLog).\(part)", atomically: false, encoding: .utf8)
  }
}
