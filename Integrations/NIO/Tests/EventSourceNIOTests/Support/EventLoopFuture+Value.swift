#if NIO
  import NIOCore
  import Synchronization

  extension EventLoopFuture where Value: Sendable {
    private final class Received: Sendable { let result = Mutex<Result<Value, any Error>?>(nil) }

    /// Awaits the value, like `get()`. The value is passed under a lock, because the thread sanitizer does not see that
    /// a continuation orders the accesses of two threads.
    func value() async throws -> Value {
      let received = Received()
      await withCheckedContinuation { continuation in
        whenComplete { result in
          received.result.withLock { $0 = result }
          continuation.resume()
        }
      }
      return try received.result.withLock { $0! }.get()
    }
  }
#endif
