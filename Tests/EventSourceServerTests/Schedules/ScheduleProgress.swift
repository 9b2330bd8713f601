@testable import EventSourceServer
import Synchronization

/// What the threads that try schedules share.
final class ScheduleProgress: Sendable {
  private struct State {
    var next = 0
    var failures = 0
    var coverage = ScheduleCoverage()
  }

  /// After so many that fail no more are tried.
  private let most: Int
  private let state = Mutex(State())

  init(failures most: Int) { self.most = most }

  /// The next schedule to try; nil: all have been tried, or one has failed.
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
