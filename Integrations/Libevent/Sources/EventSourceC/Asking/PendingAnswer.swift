import Synchronization

/// A request to a C program that waits for its answer. The program answers once, on any thread.
///
/// The program refers to it by a number that is never reused, not by a pointer, so a late answer finds nothing. The
/// program's `cancelled` callback runs only after the request callback has returned.
final class PendingAnswer<Answer: Sendable>: Sendable {
  private enum State {
    /// The program has not been called yet.
    case new
    /// The program's callback is running. It may already have passed the number to another thread.
    case asking(CheckedContinuation<Answer, any Error>)
    /// The program's callback has returned.
    case asked(CheckedContinuation<Answer, any Error>)
    /// The request was cancelled while the program's callback was running.
    case cancelledWhileAsking
    /// The request was answered or cancelled.
    case over
  }

  let number: Int
  /// The number as the program sees it.
  private var handle: OpaquePointer { OpaquePointer(bitPattern: number)! }
  private let table: PendingAnswers<Answer>
  // Held briefly, and never while foreign code runs.
  private let state = Mutex(State.new)

  init(in table: PendingAnswers<Answer>) {
    self.table = table
    number = table.newNumber()
  }

  /// Calls the program and waits for the answer.
  ///
  /// - Parameters:
  ///   - ask: Calls the program with the number.
  ///   - cancelled: Notifies the program that the answer is no longer needed.
  /// - Throws: The error in the answer, or `CancellationError`.
  func wait(
    ask: @Sendable (OpaquePointer) -> Void, cancelled: @escaping @Sendable (OpaquePointer) -> Void
  ) async throws -> Answer {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        table.insert(self)
        let isCancelled = state.withLock { state in
          if case .over = state { return true }
          state = .asking(continuation)
          return false
        }
        if isCancelled {
          table.remove(self)
          return continuation.resume(throwing: CancellationError())
        }
        ask(handle)
        if wasAsked() { cancelled(handle) }
      }
    } onCancel: {
      if cancel() { cancelled(handle) }
    }
  }

  /// Records that the program's callback has returned.
  ///
  /// - Returns: `true` if the request was cancelled while the callback was running, so the program must be notified.
  private func wasAsked() -> Bool {
    state.withLock { state in
      switch state {
      case .asking(let continuation): state = .asked(continuation)
      case .cancelledWhileAsking:
        state = .over
        return true
      case .new, .asked, .over: break
      }
      return false
    }
  }

  /// Cancels the request.
  ///
  /// - Returns: `true` if the program must be notified now.
  private func cancel() -> Bool {
    let (continuation, isAsked) = state.withLock { state -> (CheckedContinuation<Answer, any Error>?, Bool) in
      switch state {
      case .new:
        state = .over
        return (nil, false)
      case .asking(let continuation):
        state = .cancelledWhileAsking
        return (continuation, false)
      case .asked(let continuation):
        state = .over
        return (continuation, true)
      case .cancelledWhileAsking, .over:
        return (nil, false)
      }
    }
    guard let continuation else { return false }
    table.remove(self)
    continuation.resume(throwing: CancellationError())
    return isAsked
  }

  /// Accepts the program's answer.
  ///
  /// - Returns: `false` if it is too late.
  func resume(_ answer: Result<Answer, any Error>) -> Bool {
    let continuation = state.withLock { state -> CheckedContinuation<Answer, any Error>? in
      switch state {
      case .asking(let continuation), .asked(let continuation):
        state = .over
        return continuation
      case .new, .cancelledWhileAsking, .over:
        return nil
      }
    }
    guard let continuation else { return false }
    table.remove(self)
    continuation.resume(with: answer)
    return true
  }
}
