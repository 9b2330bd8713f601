import Dispatch
import Synchronization

internal import EventSourceServer

/// Several reading connections, each on its own serial queue. A read goes to the first that is free.
final class ReaderPool: Sendable {
  private final class Reader: Sendable {
    let queue = DispatchQueue(label: "eventsource.sqlite.reader")
    /// Locked by the queue's thread. `nil` once closed.
    let history: Mutex<HistoryReader?>

    init(_ path: String, busyTimeout: Duration) throws(SQLiteHistoryError) {
      history = Mutex(try HistoryReader(path, busyTimeout: busyTimeout))
    }
  }

  private struct State {
    /// The idle readers.
    var free: [Reader]
    var waiting: [PendingQuestion] = []
    /// The reads in progress.
    var asked: [PendingQuestion] = []
    var isClosed = false
  }

  private let path: String
  private let timeLimit: Duration
  private let readers: [Reader]
  private let deadlines = DispatchQueue(label: "eventsource.sqlite.reader-deadlines")
  private let state: Mutex<State>

  /// - Parameter timeLimit: The maximum time for which closing waits for outstanding reads.
  init(_ path: String, count: Int, busyTimeout: Duration, timeLimit: Duration) throws(SQLiteHistoryError) {
    self.path = path
    self.timeLimit = timeLimit.asTimeLimit
    var readers: [Reader] = []
    for _ in 0..<count { readers.append(try Reader(path, busyTimeout: busyTimeout)) }
    self.readers = readers
    state = Mutex(State(free: readers))
  }

  /// Returns the result of a read. Cancelling the task ends the call immediately and stops a read in progress early.
  func answer(
    _ request: ReplayRequest, about subject: PendingQuestion.Subject = .events
  ) async throws -> ReplayResult {
    let question = PendingQuestion(request, about: subject)
    return try await withTaskCancellationHandler {
      try await question.answer.value { ask(question) }
    } onCancel: {
      if question.answer.end(with: .failure(CancellationError())) {
        state.withLock { $0.waiting.removeAll { $0 === question } }
      }
    }
  }

  /// Finishes outstanding reads and closes the file. Reads that exceed the time limit fail.
  func close() async {
    state.withLock { $0.isClosed = true }
    let deadline = DispatchTime.now() + timeLimit.dispatchInterval
    for reader in readers {
      let closed = FirstResult<Void>()
      try? await closed.value {
        reader.queue.async {
          reader.history.withLock { $0 = nil }
          closed.end(with: .success(()))
        }
        deadlines.asyncAfter(deadline: deadline) { [weak self] in
          self?.endAllQuestions()
          closed.end(with: .success(()))
        }
      }
    }
  }

  private func ask(_ question: PendingQuestion) {
    let (isClosed, reader) = state.withLock { state -> (Bool, Reader?) in
      guard !state.isClosed else { return (true, nil) }
      guard let reader = state.free.popLast() else {
        // It may have been cancelled before it was enqueued.
        if !question.answer.hasEnded { state.waiting.append(question) }
        return (false, nil)
      }
      state.asked.append(question)
      return (false, reader)
    }
    if isClosed { question.answer.end(with: .failure(SQLiteHistoryError.closed(path))) }
    if let reader { reader.queue.async { self.answer(question, by: reader) } }
  }

  /// Runs on the reader's queue: executes reads until none waits.
  private func answer(_ first: PendingQuestion, by reader: Reader) {
    var next: PendingQuestion? = first
    while let question = next {
      reader.history.withLock { question.find(in: $0, path: path) }
      next = state.withLock { state in
        state.asked.removeAll { $0 === question }
        guard !state.waiting.isEmpty else {
          state.free.append(reader)
          return nil
        }
        let next = state.waiting.removeFirst()
        state.asked.append(next)
        return next
      }
    }
  }

  private func endAllQuestions() {
    let questions = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting + state.asked
    }
    for question in questions { question.answer.end(with: .failure(SQLiteHistoryError.closed(path))) }
  }
}
