import Synchronization

/// The changes that wait for a collection's observer. No other lock is acquired under its lock.
final class RunFeed: Sendable {
  /// The number of waiting changes beyond which viewers that join and leave are not reported. The number of runs bounds
  /// the other changes.
  private static let most = 10_000

  private struct State {
    var changes = FIFOQueue<RunChange>()
    var count = 0
    /// Whether a task is passing them to the observer.
    var isRunning = false
  }

  private let observer: any RunObserver
  private let executor: (any TaskExecutor)?
  private let state = Mutex(State())

  init(_ observer: any RunObserver, executor: (any TaskExecutor)?) {
    self.observer = observer
    self.executor = executor
  }

  /// Called under the run's lock, which orders the run's changes.
  func append(_ change: RunChange) {
    state.withLock { state in
      switch change {
      case .viewerJoined, .viewerLeft: if state.count >= Self.most { return }
      case .began, .stopRequested, .ended, .discarded: break
      }
      state.changes.append(change)
      state.count += 1
    }
  }

  /// Passes the changes to the observer, unless a task already does. Called without any lock held.
  func run() {
    let begins = state.withLock { state in
      guard state.count > 0, !state.isRunning else { return false }
      state.isRunning = true
      return true
    }
    guard begins else { return }
    Task(executorPreference: executor) { [self] in
      while let change = next() { await observer.runChanged(change) }
    }
  }

  /// Returns the next change, or `nil` if there is none and the task ends.
  private func next() -> RunChange? {
    state.withLock { state in
      guard let change = state.changes.popFirst() else {
        state.isRunning = false
        return nil
      }
      state.count -= 1
      return change
    }
  }
}
