import Foundation
import Testing

/// Runs of several processes with one history, in one thread, under schedules chosen by a seed. Whichever processes a
/// viewer uses, it receives what the store has of its run, from the beginning to the first end.
@Suite struct SharedRunScheduleTests {
  /// The number of schedules to run: `EVENTSOURCE_RUN_SCHEDULES`, or 1,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_RUN_SCHEDULES"].flatMap { Int($0) } ?? 1_000

  @Test(arguments: 0..<8)
  func everyScheduleOfRunsInSeveralProcessesKeepsThePromises(part: Int) {
    trySchedules(part: part, of: Self.count, countedBy: "EVENTSOURCE_RUN_SCHEDULES", SharedRunScenario.init)
  }
}
