import Synchronization

/// The changes that one observer has yet to be told. Its lock is the last but for none: nothing is locked under it.
final class OccupancyFeed: Sendable {
  /// So many changes are kept for it.
  private static let most = 10_000

  private struct State {
    var changes = FIFOQueue<OccupancyChange>()
    var count = 0
    var hasMissed = false
    /// A task is telling them.
    var isRunning = false
  }

  private let observer: any OccupancyObserver
  private let executor: (any TaskExecutor)?
  private let state = Mutex(State())

  init(_ observer: any OccupancyObserver, executor: (any TaskExecutor)?) {
    self.observer = observer
    self.executor = executor
  }

  /// Under the ledger's lock, which is what orders the changes.
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

  /// Whether the caller is to run it: there is something to tell, and nobody tells it.
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

  /// What the task does next; nil: everything was told, and it ends.
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
