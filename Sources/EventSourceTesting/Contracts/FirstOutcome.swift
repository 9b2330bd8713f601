import Synchronization

internal import EventSourceServer

/// A result with several possible sources. The first one counts. Safe to use from any thread.
final class FirstOutcome: Sendable {
  typealias Ending = Result<Void, any Error>

  private enum State {
    case open
    case awaited(CheckedContinuation<Void, any Error>)
    case ended(Ending)
  }

  private let state = Mutex(State.open)

  /// Stores a result unless there already is one.
  func end(with result: Ending) {
    let continuation: CheckedContinuation<Void, any Error>? = state.withLock { state in
      switch state {
      case .open:
        state = .ended(result)
        return nil
      case .awaited(let continuation):
        state = .ended(result)
        return continuation
      case .ended: return nil
      }
    }
    continuation?.resume(with: result)
  }

  /// Waits for the result. Called once.
  func value() async throws {
    try await withCheckedThrowingContinuation { continuation in
      let result: Ending? = state.withLock { state in
        if case .ended(let result) = state { return result }
        state = .awaited(continuation)
        return nil
      }
      if let result { continuation.resume(with: result) }
    }
  }
}
