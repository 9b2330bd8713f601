import Testing

@testable import EventSourceBuiltInServer

struct TimerWheelTests {
  private func expired(_ wheel: inout TimerWheel, _ now: Duration) -> [Int] {
    var all: [Int] = []
    while let next = wheel.next(passedAt: now) { all.append(next) }
    return all
  }

  @Test func aDeadlineIsNeverEarlyAndHardlyLate() {
    var wheel = TimerWheel(now: .seconds(100))
    wheel.set(3, at: .seconds(101))
    #expect(expired(&wheel, .seconds(101)) == [])
    #expect(wheel.nextDeadline! > .seconds(101))
    #expect(wheel.nextDeadline! <= .milliseconds(101_100))
    #expect(expired(&wheel, .milliseconds(101_100)) == [3])
    #expect(wheel.nextDeadline == nil)
    #expect(wheel.count == 0)
  }

  @Test func aLaterDeadlineTakesTheEarliersPlace() {
    var wheel = TimerWheel(now: .zero)
    wheel.set(1, at: .seconds(1))
    wheel.set(1, at: .seconds(5))
    #expect(expired(&wheel, .seconds(4)) == [])
    #expect(expired(&wheel, .seconds(6)) == [1])
  }

  @Test func aClearedDeadlineIsNotReported() {
    var wheel = TimerWheel(now: .zero)
    for identifier in 0..<3 { wheel.set(identifier, at: .seconds(1)) }
    wheel.cancel(1)
    wheel.cancel(1)
    wheel.cancel(77)
    #expect(expired(&wheel, .seconds(2)).sorted() == [0, 2])
  }

  @Test func aDeadlineBeyondATurnOfTheWheelWaitsForItsTurn() {
    var wheel = TimerWheel(now: .zero)
    wheel.set(1, at: .seconds(200))
    wheel.set(2, at: .seconds(200) - .milliseconds(51_200))
    #expect(expired(&wheel, .seconds(140)) == [])
    #expect(expired(&wheel, .seconds(149)) == [2])
    #expect(expired(&wheel, .seconds(199)) == [])
    #expect(expired(&wheel, .seconds(201)) == [1])
  }

  @Test func aDeadlineThatHasPassedIsReportedInTheNextTick() {
    var wheel = TimerWheel(now: .seconds(10))
    wheel.set(1, at: .seconds(1))
    #expect(expired(&wheel, .milliseconds(10_100)) == [1])
  }

  @Test func itAgreesWithAnOrderedListWhateverIsDone() {
    var random = SystemRandomNumberGenerator()
    var wheel = TimerWheel(now: .zero)
    var expected: [Int: Duration] = [:]
    var now = Duration.zero
    for _ in 0..<20_000 {
      let identifier = Int.random(in: 0..<200, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0, 1:
        let deadline = now + .milliseconds(Int.random(in: 0..<120_000, using: &random))
        wheel.set(identifier, at: deadline)
        expected[identifier] = deadline
      case 2:
        wheel.cancel(identifier)
        expected[identifier] = nil
      default:
        now += .milliseconds(Int.random(in: 0..<500, using: &random))
        for expiredOne in expired(&wheel, now) {
          let deadline = expected.removeValue(forKey: expiredOne)
          #expect(deadline != nil && deadline! <= now)
        }
        for (_, deadline) in expected { #expect(deadline > now - .milliseconds(100)) }
        if let next = wheel.nextDeadline, let first = expected.values.min() {
          #expect(next > now - .milliseconds(50) && next <= first + .milliseconds(100))
        }
      }
      #expect(wheel.count == expected.count)
    }
  }
}
