import EventSourceTesting
import Testing

/// Runs several hubs over one store in one thread, under schedules chosen by a seed. The promises to a reader hold
/// whichever hubs it reads from.
@Suite struct SharedScheduleTests {
  @Test(arguments: 0..<8)
  func everyScheduleOfSeveralHubsKeepsThePromises(part: Int) {
    trySchedules(part: part, of: ScheduleTests.count, countedBy: "EVENTSOURCE_SCHEDULES") { SharedSchedule(seed: $0) }
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
}
