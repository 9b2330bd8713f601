import Synchronization

/// Runs code that somebody else has written, and stops waiting for it when the waiting task is canceled or
/// ``abandon()`` is called: code that ignores its cancellation holds nobody up. Any thread.
final class Abandonable<Value: Sendable>: Sendable {
  private struct State {
    var waiter: CheckedContinuation<Value, any Error>?
    var result: Result<Value, any Error>?
    var task: Task<Void, Never>?
  }

  private let state = Mutex(State())

  /// Returns what the code returns. Called once.
  ///
  /// - Throws: What the code throws, or `CancellationError`.
  func run(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let task = Task {
      do {
        end(.success(try await body()))
      } catch {
        end(.failure(error))
      }
    }
    let isAbandoned = state.withLock { state in
      state.task = task
      return state.result != nil
    }
    if isAbandoned { task.cancel() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let result = state.withLock { state in
          if state.result == nil { state.waiter = waiter }
          return state.result
        }
        if let result { waiter.resume(with: result) }
      }
    } onCancel: {
      abandon()
    }
  }

  /// Cancels the code and ends the wait for it; without effect when it has ended.
  func abandon() {
    end(.failure(CancellationError()))
    state.withLock { $0.task }?.cancel()
  }

  private func end(_ result: Result<Value, any Error>) {
    let waiter = state.withLock { state -> CheckedContinuation<Value, any Error>? in
      if state.result == nil { state.result = result }
      return state.waiter.take()
    }
    waiter?.resume(with: result)
  }
}
