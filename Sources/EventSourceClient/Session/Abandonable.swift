import Synchronization

/// Runs code of the application, and stops waiting for it when the waiting task is cancelled or ``abandon()`` is
/// called. Code that ignores its cancellation therefore blocks nothing. All methods can be called from any thread.
final class Abandonable<Value: Sendable>: Sendable {
  private struct State {
    var waiter: CheckedContinuation<Value, any Error>?
    var result: Result<Value, any Error>?
    var task: Task<Void, Never>?
  }

  private let state = Mutex(State())

  /// Returns what the code returns. Call it once.
  ///
  /// - Throws: Any error of the code, or `CancellationError`.
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

  /// Cancels the code and ends the wait for it. Has no effect once the code has ended.
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
