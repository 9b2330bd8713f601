import Synchronization

internal import EventSourceServer

/// An awaited result with several possible sources. The first one counts. Safe to use from any thread.
final class FirstResult<Value: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Value, any Error>)
    case ended(Result<Value, any Error>)
  }

  private let state = Mutex(State.open)

  /// Whether there is a result.
  var hasEnded: Bool {
    state.withLock { state in
      if case .ended = state { true } else { false }
    }
  }

  /// Sets the result. Returns `false` if there was one already.
  @discardableResult
  func end(with result: Result<Value, any Error>) -> Bool {
    let (isFirst, continuation) = state.withLock {
      state -> (Bool, CheckedContinuation<Value, any Error>?) in
      switch state {
      case .ended: return (false, nil)
      case .open:
        state = .ended(result)
        return (true, nil)
      case .awaited(let continuation):
        state = .ended(result)
        return (true, continuation)
      }
    }
    continuation?.resume(with: result)
    return isFirst
  }

  /// Calls `begin` and waits for the result. Call it once.
  func value(after begin: () -> Void) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let result: Result<Value, any Error>? = state.withLock { state in
        if case .ended(let result) = state { return result }
        state = .awaited(continuation)
        return nil
      }
      if let result { return continuation.resume(with: result) }
      begin()
    }
  }
}
