/// The state of a server between start and stop. Guarded by the server's mutex. Does not resume continuations itself.
struct Lifecycle {
  private enum State {
    /// -> running
    case stopped
    /// -> stopping
    case running(LoopThreads)
    /// -> stopped
    case stopping(LoopThreads)
  }

  private var state = State.stopped
  private var waiters: [CheckedContinuation<Void, Never>] = []

  /// What the caller of a stop must do.
  enum StopAction {
    /// Nothing: the server is not running.
    case none
    /// Complete the stop, then call ``Lifecycle/stopped()``.
    case end(LoopThreads)
    /// Shorten the stop that another caller is completing, and wait for it.
    case hurry(LoopThreads)
  }

  /// The threads, while the server serves.
  var running: LoopThreads? {
    if case .running(let threads) = state { threads } else { nil }
  }

  var isStopped: Bool {
    if case .stopped = state { true } else { false }
  }

  mutating func started(_ threads: LoopThreads) { state = .running(threads) }

  /// - Parameter only: If not `nil`, stops only these threads, not those of a later start.
  mutating func stop(_ only: LoopThreads?) -> StopAction {
    if let only, threads !== only { return .none }
    switch state {
    case .stopped: return .none
    case .running(let threads):
      state = .stopping(threads)
      return .end(threads)
    case .stopping(let threads): return .hurry(threads)
    }
  }

  /// Records that the threads have ended. Returns the continuations that wait for that.
  mutating func stopped() -> [CheckedContinuation<Void, Never>] {
    state = .stopped
    defer { waiters = [] }
    return waiters
  }

  /// Stores a continuation until these threads have ended. Returns `false` if they already have.
  mutating func wait(for awaited: LoopThreads, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
    guard threads === awaited else { return false }
    waiters.append(continuation)
    return true
  }

  /// The threads, until they have ended.
  private var threads: LoopThreads? {
    switch state {
    case .stopped: nil
    case .running(let threads), .stopping(let threads): threads
    }
  }

  /// Called when the server is deallocated: running threads end without being awaited.
  func abandon() {
    guard let running else { return }
    running.drain(over: .zero)
    running.detach()
  }
}
