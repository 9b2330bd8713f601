import Testing

@testable import EventSourceServer

@Suite struct KeyFrameScheduleTests {
  /// Returns the numbers of the blocks of 100 bytes that are key frames.
  private func keyFrames(following: Int, waiting: Int, of count: Int = 3000) -> [Int] {
    var schedule = KeyFrameSchedule()
    _ = schedule.isDue(count: 100, following: 0, waiting: 1)
    return (1...count).filter { _ in schedule.isDue(count: 100, following: following, waiting: waiting) }
  }

  @Test func noKeyFrameComesWhileAllFollow() { #expect(keyFrames(following: 1000, waiting: 0) == []) }

  @Test func aKeyFrameComesAtOnceIfNobodyFollows() {
    #expect(keyFrames(following: 0, waiting: 1, of: 4) == [1, 2, 3, 4])
  }

  @Test func aKeyFrameComesEarlyIfManyWaitAndLateIfFewDo() {
    #expect(keyFrames(following: 10, waiting: 90).first == 6)
    #expect(keyFrames(following: 50, waiting: 50).first == 11)
    #expect(keyFrames(following: 99, waiting: 1).first == 512)
    #expect(keyFrames(following: 9999, waiting: 1).first == KeyFrameSchedule.interval / 100)
  }

  @Test func aLargeBlockIsAKeyFrameIfAnyWaits() {
    var schedule = KeyFrameSchedule()
    _ = schedule.isDue(count: 100, following: 0, waiting: 1)
    let isDueForAll = schedule.isDue(count: 1 << 20, following: 1 << 20, waiting: 0)
    let isDueForOne = schedule.isDue(count: KeyFrameSchedule.interval + 1, following: 1 << 20, waiting: 1)
    #expect(!isDueForAll && isDueForOne)
  }
}
