import Foundation
import Testing

@testable import EventSourceClient

/// Tests of the timers that all sources share.
@Suite struct TimekeeperTests {
  private func makeWatchdog(_ timekeeper: Timekeeper = .shared) -> Watchdog {
    let request = SubscriptionRequest(URL(string: "http://127.0.0.1:9/")!)
    let session = EventSourceSession(request, EventSource.Configuration(), EventSource.defaultTransport)
    return Watchdog(session, timekeeper: timekeeper)
  }

  @Test func timersComeInTheOrderOfTheirDeadlines() {
    var random = SeededGenerator(seed: 1)
    var heap = TimerHeap()
    let start = ContinuousClock.now
    var deadlines: [(ContinuousClock.Instant, Watchdog)] = []
    for number in 0..<500 {
      let deadline = start + .milliseconds(Int.random(in: 0...200, using: &random))
      let watchdog = makeWatchdog()
      deadlines.append((deadline, watchdog))
      heap.insert(watchdog, at: deadline)
      // It is already present, with its first deadline.
      heap.insert(watchdog, at: start)
      if number % 3 == 0, let removed = deadlines.indices.randomElement(using: &random) {
        heap.remove(deadlines.remove(at: removed).1)
      }
    }
    heap.remove(makeWatchdog())
    let middle = start + .milliseconds(100)
    for limit in [middle, start + .seconds(1)] {
      while let watchdog = heap.takeFirst(until: limit) {
        let index = deadlines.firstIndex { $0.1 === watchdog }!
        let deadline = deadlines.remove(at: index).0
        #expect(deadline <= limit && deadlines.allSatisfy { deadline <= $0.0 } && watchdog.timerIndex == nil)
      }
      #expect(heap.first == deadlines.map(\.0).min())
    }
    #expect(deadlines.isEmpty && heap.first == nil)
  }

  @Test func aShorterTimeIsNotHeldUpByALongerOne() async throws {
    let (late, soon) = (makeWatchdog(), makeWatchdog())
    late.watch(.seconds(3600), .readTimeout)
    soon.watch(.milliseconds(1), .connectTimeout)
    defer { late.stop() }
    try await eventually { soon.verdict != nil }
    #expect(soon.verdict?.code == .connectTimeout && late.verdict == nil)
  }

  @Test func aStoppedWatchdogIsForgotten() async throws {
    weak var watchdog: Watchdog?
    do {
      let stopped = makeWatchdog()
      watchdog = stopped
      stopped.watch(.seconds(3600), .readTimeout)
      stopped.stop()
      #expect(stopped.remaining() == nil && stopped.verdict == nil)
    }
    #expect(watchdog == nil)
  }

  /// A sleeper may be cancelled after its sleep, while it checks a watchdog. The sleeper that replaced it finds no
  /// timer and ends.
  @Test func whatIsPutBackIsAskedAgainAlsoIfNothingSleeps() async throws {
    let timekeeper = Timekeeper()
    let watchdog = makeWatchdog(timekeeper)
    watchdog.watch(.milliseconds(20), .readTimeout)
    let taken = try #require(timekeeper.takeDue(until: .now + .seconds(3600)))
    #expect(taken === watchdog)
    try await eventually { timekeeper.isIdle }
    timekeeper.putBack(taken, after: .milliseconds(1))
    try await eventually { watchdog.verdict != nil }
    try await eventually { timekeeper.isIdle }
  }

  @Test func aWatchdogThatIsStoppedWhileItIsAskedIsForgotten() {
    let timekeeper = Timekeeper()
    weak var watchdog: Watchdog?
    do {
      let stopped = makeWatchdog(timekeeper)
      watchdog = stopped
      stopped.watch(.seconds(3600), .readTimeout)
      #expect(timekeeper.takeDue(until: .now + .seconds(7200)) === stopped)
      stopped.stop()
      timekeeper.putBack(stopped, after: .seconds(3600))
    }
    #expect(watchdog == nil)
  }
}
