import Foundation
import Testing

/// Runs in one thread, under schedules chosen by a seed. Producers write, finish, fail, are stopped and write too much.
/// Viewers connect before, at and after the end, disconnect, resume and stall. Runs are discarded after their retention
/// or for lack of memory, the history fails, and processes are killed.
@Suite struct RunScheduleTests {
  /// The number of schedules to run: `EVENTSOURCE_RUN_SCHEDULES`, or 5,000.
  static let count = ProcessInfo.processInfo.environment["EVENTSOURCE_RUN_SCHEDULES"].flatMap { Int($0) } ?? 5_000

  @Test(arguments: 0..<8)
  func everyScheduleOfRunsKeepsThePromises(part: Int) {
    trySchedules(part: part, of: Self.count, countedBy: "EVENTSOURCE_RUN_SCHEDULES", RunScenario.init)
  }

  @Test func viewersOfSchedulesReceiveCompressedStreams() {
    let compressed = (8..<16 as Range<UInt64>).contains { seed in
      let scenario = RunScenario(seed: seed)
      scenario.run()
      return scenario.wasCompressed
    }
    #expect(compressed)
  }
}
