import Dispatch
import EventSourceServer
import Synchronization

/// Runs blocking work on a thread that does not block the process's tasks.
func onOwnThread(_ body: @escaping @Sendable () throws -> Void) async -> Result<Void, any Error> {
  await withCheckedContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(returning: Result(catching: body)) }
  }
}

/// Waits for work with a time limit. Work that exceeds the limit is abandoned.
func ending(within time: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
    let box = Box(continuation)
    Task {
      do {
        try await body()
        box.take()?.resume()
      } catch {
        box.take()?.resume(throwing: error)
      }
    }
    let seconds = Double(time.components.seconds)
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds) {
      box.take()?.resume(throwing: ContractViolation("not finished within \(Int(seconds)) seconds"))
    }
  }
}

/// The waiting continuation, which is resumed once.
private final class Box: Sendable {
  private let waiting: Mutex<CheckedContinuation<Void, any Error>?>

  init(_ continuation: CheckedContinuation<Void, any Error>) { waiting = Mutex(continuation) }

  func take() -> CheckedContinuation<Void, any Error>? { waiting.withLock { $0.take() } }
}
