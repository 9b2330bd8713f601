import Synchronization

internal import EventSourceFormat

/// An event that is being recorded by a repository, and its waiting publisher. Ends exactly once.
final class Publication: Sendable {
  let event: PreparedEvent
  private let budget: MemoryBudget

  private enum State {
    case waiting
    case awaited(CheckedContinuation<EventID, any Error>)
    case done(Result<EventID, any Error>)
  }

  private let state = Mutex(State.waiting)

  /// - Parameter event: The event. Its bytes have already been charged as waiting.
  init(_ event: PreparedEvent, budget: MemoryBudget) {
    self.event = event
    self.budget = budget
  }

  deinit { budget.refundWaiting(event.byteCount) }

  /// Ends the publication. Only the first call has an effect.
  func finish(_ result: Result<EventID, any Error>) {
    let continuation = state.withLock { state -> CheckedContinuation<EventID, any Error>? in
      switch state {
      case .done: return nil
      case .waiting:
        state = .done(result)
        return nil
      case .awaited(let continuation):
        state = .done(result)
        return continuation
      }
    }
    continuation?.resume(with: result)
  }

  var result: EventID {
    get async throws {
      try await withCheckedThrowingContinuation { continuation in
        let result = state.withLock { state -> Result<EventID, any Error>? in
          if case .done(let result) = state { return result }
          state = .awaited(continuation)
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    }
  }
}
