import Synchronization

/// A run that is being read from the history. All callers that need it wait for the same read.
final class RunLoad: Sendable {
  private let state = Mutex<(result: Result<Bool, any Error>?, waiters: [RunWaiter])>((nil, []))

  func finish(_ result: Result<Bool, any Error>) {
    let waiters = state.withLock { state in
      state.result = result
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  var result: Bool {
    get async throws {
      let waiter = RunWaiter(.end)
      let isDone = state.withLock { state in
        if state.result == nil { state.waiters.append(waiter) }
        return state.result != nil
      }
      if !isDone { await waiter.wait() }
      guard let result = state.withLock({ $0.result }) else { throw CancellationError() }
      return try result.get()
    }
  }
}
