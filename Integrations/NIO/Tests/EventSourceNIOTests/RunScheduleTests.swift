#if NIO
  import Testing

  @testable import EventSourceNIO

  @Suite struct RunScheduleTests {
    @Test func inputRunsTheLaneOnceInThePresentTick() {
      var schedule = RunSchedule()
      #expect(schedule.inputArrived() == .submit)
      #expect(schedule.inputArrived() == .nothing)
      schedule.submittedTaskRuns()
      #expect(schedule.inputArrived() == .submit)
    }

    @Test func wakingASleepingLaneRunsItImmediately() {
      var schedule = RunSchedule()
      #expect(schedule.woken(at: 1_000) == (true, .nothing))
      #expect(schedule.ended(1_000..<2_000, next: nil) == .nothing)
      #expect(schedule.woken(at: 22_000) == (true, .nothing))
    }

    @Test func aWakeRightAfterARunLetsTheLoopPollFirst() {
      var schedule = RunSchedule()
      _ = schedule.ended(1_000..<2_000, next: nil)
      #expect(schedule.woken(at: 2_001) == (false, .schedule(22_000)))
      #expect(schedule.woken(at: 2_002) == (false, .nothing))
      schedule.timeIsThere()
      _ = schedule.ended(22_000..<23_000, next: nil)
      #expect(schedule.woken(at: 23_001) == (false, .schedule(43_000)))
    }

    @Test func aLaneThatContinuesLetsTheLoopPollFirst() {
      var schedule = RunSchedule()
      #expect(schedule.ended(4_000..<5_000, next: 5_000) == .schedule(25_000))
    }

    @Test func theLoopHasMoreTimeToPollAfterALongRun() {
      var schedule = RunSchedule()
      #expect(schedule.ended(0..<16_000_000, next: 0) == .schedule(17_000_000))
      schedule.timeIsThere()
      #expect(schedule.woken(at: 16_999_999) == (false, .schedule(17_000_000)))
    }

    @Test func onlyAnEarlierTimeIsRescheduled() {
      var schedule = RunSchedule()
      #expect(schedule.ended(0..<0, next: 9_000_000) == .schedule(9_000_000))
      #expect(schedule.ended(1..<1, next: 10_000_000) == .nothing)
      #expect(schedule.ended(2..<2, next: 8_000_000) == .schedule(8_000_000))
      schedule.timeIsThere()
      #expect(schedule.ended(3..<3, next: 10_000_000) == .schedule(10_000_000))
    }
  }
#endif
