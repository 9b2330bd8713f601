import Synchronization

/// The changes that one observer has not received yet. No other lock is acquired under its lock.
final class OccupancyFeed: Sendable {
  /// The maximum number of changes to keep for the observer.
  private static let most = 10_000

  private struct State {
    var changes = FIFOQueue<OccupancyChange>()
    var count = 0
    var hasMissed = false
    /// Whether a task is delivering changes.
    var isRunning = false
  }

  private let observer: any OccupancyObserver
  private let executor: (any TaskExecutor)?
  private let state = Mutex(State())

  init(_ observer: any OccupancyObserver, executor: (any TaskExecutor)?) {
    self.observer = observer
    self.executor = executor
  }

  /// Appends a change. Called under the ledger's lock, which orders the changes.
  func append(_ change: OccupancyChange) {
    state.withLock { state in
      if case .resynchronized = change { state.hasMissed = false }
      guard !state.hasMissed, state.count < Self.most else {
        state.hasMissed = true
        return
      }
      state.changes.append(change)
      state.count += 1
    }
  }

  /// Returns whether the caller must start delivery: there are changes, and no task is delivering them.
  func begins() -> Bool {
    state.withLock { state in
      guard state.count > 0, !state.isRunning else { return false }
      state.isRunning = true
      return true
    }
  }

  func run(_ ledger: OccupancyLedger) {
    Task(executorPreference: executor) { [self] in
      while let step = nextStep() {
        switch step {
        case .tell(let change): await observer.occupancyChanged(change)
        case .resynchronize: ledger.resynchronize(self)
        }
      }
    }
  }

  private enum Step {
    case tell(OccupancyChange)
    case resynchronize
  }

  /// Returns the task's next step, or `nil` if everything was delivered and the task ends.
  private func nextStep() -> Step? {
    state.withLock { state in
      if let change = state.changes.popFirst() {
        state.count -= 1
        return .tell(change)
      }
      state.isRunning = state.hasMissed
      return state.hasMissed ? .resynchronize : nil
    }
  }
}
