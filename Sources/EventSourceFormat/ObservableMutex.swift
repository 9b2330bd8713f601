#if EVENTSOURCE_THREAD_SANITIZER
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The `Mutex` of Synchronization, for runs under the thread sanitizer, which does not see through that one: it locks
  /// by means that the sanitizer knows.
  public struct ObservableMutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Sendable, because the value is reached only under the lock. Two pieces of memory, because the sanitizer takes an
    // access to one property of an object for one to them all.
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
