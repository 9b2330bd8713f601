import Synchronization

/// A caller that waits for a run's end or for a request to stop. Resumed once.
final class RunWaiter: Sendable {
  enum Awaited: Sendable {
    case end
    case stopRequest
    /// Its first event is in the shared history.
    case recording
  }

  let awaited: Awaited
  private let state = Mutex<(isDone: Bool, continuation: CheckedContinuation<Void, Never>?)>((false, nil))

  init(_ awaited: Awaited) { self.awaited = awaited }

  func resume() {
    let continuation = state.withLock { state in
      state.isDone = true
      return state.continuation.take()
    }
    continuation?.resume()
  }

  /// Returns when it is resumed or its task is cancelled.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if !state.isDone { state.continuation = continuation }
          return state.isDone
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      resume()
    }
  }
}
