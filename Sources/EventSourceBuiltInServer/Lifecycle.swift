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
  private var waiters: [CheckedContinuation<Void, Never>] = []

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

  /// - Parameter only: If not nil, only these threads are stopped, and not those of a later start.
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

  /// The threads have ended; answers who waited for it.
  mutating func stopped() -> [CheckedContinuation<Void, Never>] {
    state = .stopped
    defer { waiters = [] }
    return waiters
  }

  /// Keeps a continuation until these threads have ended; false if they already have.
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

  /// The server is let go: what runs ends without anybody waiting for it.
  func abandon() {
    guard let running else { return }
    running.drain(over: .zero)
    running.detach()
  }
}
