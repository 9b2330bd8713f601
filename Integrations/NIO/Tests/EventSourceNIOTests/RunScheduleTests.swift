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
      #expect(schedule.ended(at: 2_000, next: nil) == .nothing)
      #expect(schedule.woken(at: 2_000 + RunSchedule.pause) == (true, .nothing))
    }

    @Test func aWakeRightAfterARunLetsTheLoopPollFirst() {
      var schedule = RunSchedule()
      _ = schedule.ended(at: 2_000, next: nil)
      let end = 2_000 + RunSchedule.pause
      #expect(schedule.woken(at: 2_001) == (false, .schedule(end)))
      #expect(schedule.woken(at: 2_002) == (false, .nothing))
      schedule.timeIsThere()
      _ = schedule.ended(at: end, next: nil)
      #expect(schedule.woken(at: end + 1) == (false, .schedule(end + RunSchedule.pause)))
    }

    @Test func aLaneThatContinuesLetsTheLoopPollFirst() {
      var schedule = RunSchedule()
      #expect(schedule.ended(at: 5_000, next: 5_000) == .schedule(5_000 + RunSchedule.pause))
    }

    @Test func onlyAnEarlierTimeIsRescheduled() {
      var schedule = RunSchedule()
      #expect(schedule.ended(at: 0, next: 9_000_000) == .schedule(9_000_000))
      #expect(schedule.ended(at: 1, next: 10_000_000) == .nothing)
      #expect(schedule.ended(at: 2, next: 8_000_000) == .schedule(8_000_000))
      schedule.timeIsThere()
      #expect(schedule.ended(at: 3, next: 10_000_000) == .schedule(10_000_000))
    }
  }
#endif
