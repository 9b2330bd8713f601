import Synchronization

/// What a C program was asked, until it answers: once, on any thread.
///
/// The program knows it by a number, which is never used again, and not by a pointer, so that an answer that comes too
/// late finds nothing. The program is told of a cancellation after it was asked, never while it is being asked.
final class PendingAnswer<Answer: Sendable>: Sendable {
  private enum State {
    /// The program is not yet asked.
    case new
    /// The program is being asked, and may have kept the number for another thread already.
    case asking(CheckedContinuation<Answer, any Error>)
    /// The program has been asked.
    case asked(CheckedContinuation<Answer, any Error>)
    /// It was cancelled while the program is being asked.
    case cancelledWhileAsking
    /// It was answered or cancelled.
    case over
  }

  let number: Int
  /// The number, as the program has it.
  private var handle: OpaquePointer { OpaquePointer(bitPattern: number)! }
  private let table: PendingAnswers<Answer>
  // Taken for a moment, and never while foreign code runs.
  private let state = Mutex(State.new)

  init(in table: PendingAnswers<Answer>) {
    self.table = table
    number = table.newNumber()
  }

  /// Asks, and waits for the answer.
  ///
  /// - Parameters:
  ///   - ask: Asks the program, giving it the number.
  ///   - cancelled: Tells the program that the answer is not needed any more.
  /// - Throws: What the answer throws, or `CancellationError`.
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

  /// The program's function has returned; true: it has to be told that it was cancelled meanwhile.
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

  /// True: the program has to be told now.
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

  /// The program answers; false: it is too late.
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
