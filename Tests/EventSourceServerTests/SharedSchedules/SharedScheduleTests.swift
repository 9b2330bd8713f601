import EventSourceTesting
import Foundation
import Testing

/// Runs several hubs over one store in one thread, under schedules chosen by a seed. The promises to a reader hold
/// whichever hubs it reads from.
@Suite struct SharedScheduleTests {
  @Test(arguments: 0..<8)
  func everyScheduleOfSeveralHubsKeepsThePromises(part: Int) {
    for seed in stride(from: UInt64(part), to: UInt64(ScheduleTests.count), by: 8) {
      let schedule = SharedSchedule(seed: ScheduleTests.firstSeed + seed)
      schedule.run(steps: ScheduleTests.steps)
      guard schedule.failures.isEmpty else {
        let shortest = shrink(ScheduleTests.firstSeed + seed, below: schedule.steps)
        Issue.record(
          """
          EVENTSOURCE_SEED=\(ScheduleTests.firstSeed + seed) EVENTSOURCE_SCHEDULES=1 \
          EVENTSOURCE_STEPS=\(shortest.steps): \(shortest.failures.prefix(3).joined(separator: "; "))
          """)
        return
      }
    }
  }

  /// Checks the schedules themselves: they must detect every flaw of a store.
  @Test(arguments: SimulatedSharedStore.Flaw.allCases)
  func everyFlawOfAStoreIsDetected(_ flaw: SimulatedSharedStore.Flaw) {
    let found = (1...300 as ClosedRange<UInt64>).first { seed in
      let schedule = SharedSchedule(seed: seed, flaw: flaw)
      schedule.run()
      return !schedule.failures.isEmpty
    }
    #expect(found != nil, "\(flaw) is not found")
  }

  @Test func readersOfSchedulesReceiveCompressedStreams() {
    let compressed = (8..<16 as Range<UInt64>).contains { seed in
      let schedule = SharedSchedule(seed: seed)
      schedule.run()
      return schedule.wasCompressed
    }
    #expect(compressed)
  }

  private func shrink(_ seed: UInt64, below steps: Int) -> SharedSchedule {
    for steps in 0...steps {
      let schedule = SharedSchedule(seed: seed)
      schedule.run(steps: steps)
      if !schedule.failures.isEmpty { return schedule }
    }
    preconditionFailure("a schedule that failed does not fail again")
  }
}
