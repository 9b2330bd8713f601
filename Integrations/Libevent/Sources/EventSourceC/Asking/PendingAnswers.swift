import Synchronization

/// All that C programs have been asked and have not answered.
final class PendingAnswers<Answer: Sendable>: Sendable {
  private let lastNumber = Atomic(0)
  private let pending = Mutex<[Int: PendingAnswer<Answer>]>([:])

  func newNumber() -> Int { lastNumber.add(1, ordering: .relaxed).newValue }

  func insert(_ answer: PendingAnswer<Answer>) { pending.withLock { $0[answer.number] = answer } }

  func remove(_ answer: PendingAnswer<Answer>) { pending.withLock { $0[answer.number] = nil } }

  /// Answers what has this number.
  ///
  /// - Throws: `ES_NULL_ARGUMENT` for NULL, `ES_NOT_PENDING` if nothing waits for it.
  func answer(
    _ handle: OpaquePointer?, _ name: String, with answer: () throws -> Result<Answer, any Error>
  ) throws {
    let number = Int(bitPattern: try required(handle, name))
    guard let waiting = pending.withLock({ $0[number] }) else { throw Self.notPending(name) }
    guard waiting.resume(try answer()) else { throw Self.notPending(name) }
  }

  private static func notPending(_ name: String) -> Failure {
    Failure(.notPending, "\(name) was answered before, or the reader has left")
  }
}

/// Why a C program could not answer, in its words; they are logged.
struct ProgramError: Error, CustomStringConvertible {
  var description: String
}
