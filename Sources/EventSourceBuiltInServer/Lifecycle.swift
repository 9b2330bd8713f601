/// Where a server is between start and stop. Guarded by the server's mutex; it resumes nobody itself.
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
  private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  private var lastWaiter = 0

  /// Who asked the server to stop has to do this.
  enum StopAction {
    /// Nothing: it does not run.
    case none
    /// See the stop through, and call ``Lifecycle/stopped()`` then.
    case end(LoopThreads)
    /// Hurry the stop that another caller sees through, and wait for it.
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

  mutating func stop() -> StopAction {
    switch state {
    case .stopped: return .none
    case .running(let threads):
      state = .stopping(threads)
      return .end(threads)
    case .stopping(let threads): return .hurry(threads)
    }
  }

  /// The threads have ended; answers who waited for it.
  mutating func stopped() -> [CheckedContinuation<Void, Never>] {
    state = .stopped
    defer { waiters = [:] }
    return Array(waiters.values)
  }

  /// A number for somebody who will wait.
  mutating func newWaiter() -> Int {
    lastWaiter += 1
    return lastWaiter
  }

  /// Keeps a continuation until the server has stopped; false if it already has.
  mutating func wait(_ waiter: Int, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
    if isStopped { return false }
    waiters[waiter] = continuation
    return true
  }

  /// Forgets somebody who waits no more; answers the continuation if it was kept.
  mutating func cancel(_ waiter: Int) -> CheckedContinuation<Void, Never>? { waiters.removeValue(forKey: waiter) }

  /// The server is let go: what runs ends without anybody waiting for it.
  func abandon() {
    guard let running else { return }
    running.drain(over: .zero)
    running.detach()
  }
}
