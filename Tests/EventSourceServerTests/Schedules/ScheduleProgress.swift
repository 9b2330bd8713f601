@testable import EventSourceServer
import Synchronization

/// The shared state of the threads that run schedules.
final class ScheduleProgress: Sendable {
  private struct State {
    var next = 0
    var failures = 0
    var coverage = ScheduleCoverage()
  }

  /// The number of failures after which no more schedules are run.
  private let most: Int
  private let state = Mutex(State())

  init(failures most: Int) { self.most = most }

  /// Returns the next schedule to run. `nil` if all have been run or too many have failed.
  func next(below count: Int) -> Int? {
    state.withLock { state in
      guard state.failures < most, state.next < count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  func fail() { state.withLock { $0.failures += 1 } }
  func add(_ coverage: ScheduleCoverage) { state.withLock { $0.coverage.add(coverage) } }

  var hasFailed: Bool { state.withLock { $0.failures > 0 } }
  var coverage: ScheduleCoverage { state.withLock { $0.coverage } }
}
