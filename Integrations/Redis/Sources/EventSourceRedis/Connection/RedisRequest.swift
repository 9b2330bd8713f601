import Synchronization

/// A command whose reply is awaited. It is completed exactly once, from any thread.
final class RedisRequest: Sendable {
  /// A failure, and whether the server may have executed the command despite it.
  struct Failure: Error {
    let error: RedisHistoryError
    let mayHaveHappened: Bool
  }

  let bytes: [UInt8]
  /// The deadline on the monotonic clock, in nanoseconds.
  let deadline: Int64
  private let completion: Mutex<(@Sendable (Result<RedisReply, Failure>) -> Void)?>

  init(
    _ command: RedisCommand, deadline: Int64, completion: @escaping @Sendable (Result<RedisReply, Failure>) -> Void
  ) {
    bytes = command.bytes
    self.deadline = deadline
    self.completion = Mutex(completion)
  }

  func finish(_ result: Result<RedisReply, Failure>) {
    let body = completion.withLock { completion in
      defer { completion = nil }
      return completion
    }
    body?(result)
  }
}
