#if EVENTSOURCE_THREAD_SANITIZER
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A replacement for Synchronization's `Mutex` in runs under the thread sanitizer, which does not support that one.
  /// Its locks are visible to the sanitizer.
  public struct ObservableMutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Sendable, because the value is accessed only under the lock. The value and the lock have separate memory, because
    // the sanitizer treats an access to one property of an object as an access to all of them.
    private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    /// Creates a mutex that guards a value.
    public init(_ initial: consuming sending Value) {
      value.initialize(to: initial)
      pthread_mutex_init(lock, nil)
    }

    deinit {
      pthread_mutex_destroy(lock)
      lock.deallocate()
      value.deinitialize(count: 1)
      value.deallocate()
    }

    /// Calls a closure with the value, under the lock.
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return try body(&value.pointee)
    }
  }
#endif
