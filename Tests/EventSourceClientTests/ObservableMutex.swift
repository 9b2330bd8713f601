#if EVENTSOURCE_THREAD_SANITIZER
  import EventSourceServer

  /// In place of Synchronization's, which the thread sanitizer does not see through.
  struct Mutex<Value>: ~Copyable, @unchecked Sendable {
    // Sendable, because the value is reached only under its lock.
    private let value: ObservableMutex<Value>

    init(_ initial: sending Value) { value = ObservableMutex(initial) }

    borrowing func withLock<Result, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      try value.withLock(body)
    }
  }
#endif
