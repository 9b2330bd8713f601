import CEventSourceLinux
import EventSourceServer
import Glibc
import Synchronization

/// SIGTERM and SIGINT, for servers that stop on signals.
///
/// The signals are caught while there are watchers. The signal handler writes to an eventfd; a thread that reads it
/// notifies the watchers. The second signal ends the program immediately.
enum StopSignals {
  private struct State {
    var watchers: [Int: @Sendable () -> Void] = [:]
    var lastWatcher = 0
    /// The eventfd and the thread that reads and finally closes it, while there are watchers.
    var listener: (descriptor: Int32, thread: pthread_t)?
  }

  /// The value written to the eventfd to end its thread.
  private static let end: UInt64 = 1 << 32
  private static let state = Mutex(State())

  /// Calls a closure at the first signal, on this type's own thread.
  ///
  /// - Returns: A number for ``unwatch(_:)``.
  static func watch(_ told: @escaping @Sendable () -> Void) throws(BuiltInServerError) -> Int {
    let result = state.withLock { state -> Result<Int, BuiltInServerError> in
      do throws(BuiltInServerError) {
        if state.watchers.isEmpty { state.listener = try start() }
        state.lastWatcher += 1
        state.watchers[state.lastWatcher] = told
        return .success(state.lastWatcher)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Removes a closure. After the last one, the previous signal handlers are restored.
  static func unwatch(_ watcher: Int) {
    let thread = state.withLock { state -> pthread_t? in
      guard state.watchers.removeValue(forKey: watcher) != nil, state.watchers.isEmpty,
        let listener = state.listener.take()
      else { return nil }
      eventsource_release_signals()
      var end = end
      _ = write(listener.descriptor, &end, 8)
      return listener.thread
    }
    // The thread needs the lock to find its watchers, so it is joined without the lock.
    if let thread { pthread_join(thread, nil) }
  }

  private static func start() throws(BuiltInServerError) -> (descriptor: Int32, thread: pthread_t) {
    let number = eventsource_catch_signals()
    guard number >= 0 else { throw .system(call: "eventfd", errno: errno) }
    do {
      return (number, try startThread(named: "sse-signals", { listen(to: number) }, atEnd: {}))
    } catch {
      eventsource_release_signals()
      close(number)
      throw error
    }
  }

  private static func listen(to number: Int32) {
    let descriptor = Descriptor(owning: number)
    var value: UInt64 = 0
    while true {
      guard read(descriptor.number, &value, 8) == 8 else { continue }
      if value >= end { return }
      for told in state.withLock({ Array($0.watchers.values) }) { told() }
    }
  }
}
