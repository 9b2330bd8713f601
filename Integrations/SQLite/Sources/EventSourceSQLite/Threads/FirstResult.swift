import Synchronization

internal import EventSourceServer

/// The result that somebody awaits, and that several may bring: the first counts. Any thread.
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

  /// Brings a result; false: there was one.
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

  /// Waits for the result, once `begin` has been called. Called once.
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
