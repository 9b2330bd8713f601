import EventSourceC
import Glibc
import Synchronization

/// The result of work for which a thread waits.
private final class AwaitedResult<Value: Sendable>: Sendable {
  let value = Mutex<Result<Value, any Error>?>(nil)
}

/// Performs asynchronous work and blocks the calling thread until it is done.
///
/// - Throws: `ES_INVALID_VALUE` if called from a callback, whose thread the work may need.
package func waiting<Value: Sendable>(
  in function: String, for work: @escaping @Sendable () async throws -> Value
) throws -> Value {
  guard withUnsafeCurrentTask(body: { $0 == nil }) else {
    throw Failure(.invalidValue, "\(function) blocks, so it cannot be called from a callback")
  }
  let result = AwaitedResult<Value>()
  let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  sem_init(done, 0, 0)
  let address = UInt(bitPattern: done)
  Task.detached {
    let value: Result<Value, any Error>
    do {
      value = .success(try await work())
    } catch {
      value = .failure(error)
    }
    result.value.withLock { $0 = value }
    sem_post(UnsafeMutablePointer(bitPattern: address)!)
  }
  while sem_wait(done) != 0 {}
  sem_destroy(done)
  done.deallocate()
  return try result.value.withLock { $0! }.get()
}
