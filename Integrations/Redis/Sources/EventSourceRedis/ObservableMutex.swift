#if EVENTSOURCE_THREAD_SANITIZER
  import EventSourceServer

  typealias Mutex = ObservableMutex
#endif
