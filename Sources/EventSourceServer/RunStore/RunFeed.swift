import Synchronization

/// The changes that a collection's observer has yet to be told. Its lock is the last: nothing is locked under it.
final class RunFeed: Sendable {
  /// So many changes wait before viewers are left out. The others are bounded by the number of runs.
  private static let most = 10_000

  private struct State {
    var changes = FIFOQueue<RunChange>()
    var count = 0
    /// A task is telling them.
    var isRunning = false
  }

  private let observer: any RunObserver
  private let executor: (any TaskExecutor)?
  private let state = Mutex(State())

  init(_ observer: any RunObserver, executor: (any TaskExecutor)?) {
    self.observer = observer
    self.executor = executor
  }

  /// Under the run's lock, which is what orders its changes.
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

  /// Outside of every lock: tells what there is, unless a task does so already.
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

  /// The next change; nil: everything was told, and the task ends.
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
