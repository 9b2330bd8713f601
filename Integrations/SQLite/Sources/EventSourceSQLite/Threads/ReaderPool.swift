import Dispatch
import Synchronization

internal import EventSourceServer

/// Several connections that read, each on a serial queue of its own; questions go to one after the other.
final class ReaderPool: Sendable {
  private final class Reader: Sendable {
    let queue = DispatchQueue(label: "eventsource.sqlite.reader")
    /// Held by the queue's thread; nil: closed.
    let history: Mutex<HistoryReader?>

    init(_ path: String, busyTimeout: Duration) throws(SQLiteHistoryError) {
      history = Mutex(try HistoryReader(path, busyTimeout: busyTimeout))
    }
  }

  private let path: String
  private let readers: [Reader]
  private let turn = Atomic<Int>(0)

  init(_ path: String, count: Int, busyTimeout: Duration) throws(SQLiteHistoryError) {
    self.path = path
    var readers: [Reader] = []
    for _ in 0..<count { readers.append(try Reader(path, busyTimeout: busyTimeout)) }
    self.readers = readers
  }

  /// The answer to a question. When its task is canceled, an answer that has begun is cut short, and one that has not
  /// is not looked for.
  func answer(_ request: ReplayRequest) async throws -> ReplayAnswer {
    let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    let reader = readers[Int(UInt(bitPattern: number) % UInt(readers.count))]
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { answered in
        reader.queue.async { [path] in
          answered.resume(
            with: Result {
              try reader.history.withLock { history in
                guard let history else { throw SQLiteHistoryError.closed(path) }
                if cancellation.isCanceled { throw CancellationError() }
                let answer = try history.answer(request) { cancellation.isCanceled }
                if cancellation.isCanceled { throw CancellationError() }
                return answer
              }
            })
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Answers what was asked before, and closes the file.
  func close() async {
    for reader in readers {
      await withCheckedContinuation { closed in
        reader.queue.async {
          reader.history.withLock { $0 = nil }
          closed.resume()
        }
      }
    }
  }
}

/// Whether nobody wants an answer any more. Any thread.
private final class Cancellation: Sendable {
  private let value = Atomic(false)

  var isCanceled: Bool { value.load(ordering: .relaxed) }

  func cancel() { value.store(true, ordering: .relaxed) }
}
