#if EVENTSOURCE_THREAD_SANITIZER
  @_exported public import struct EventSourceFormat.ObservableMutex

  typealias Mutex = ObservableMutex
#endif
