import EventSourceServer
import CEventSourceLinux
import Glibc
import Synchronization

/// The threads of one run of a server, one for each loop.
final class LoopThreads: Sendable {
  /// Where the server listens; at least one address.
  let addresses: [BoundAddress]
  private let handles: [LoopHandle]
  private let threads: [pthread_t]
  private let ending: Ending

  /// Opens the listening sockets and starts the threads; when it throws, nothing is left open.
  init(_ context: ServerContext) throws(BuiltInServerError) {
    let listeners = try Listener.all(of: context.configuration)
    var handles: [LoopHandle] = []
    for _ in 0..<context.configuration.threads { handles.append(try LoopHandle()) }
    var loops: [ServerLoop] = []
    for index in handles.indices {
      loops.append(try ServerLoop(index: index, of: handles, listeners: listeners, context: context))
    }
    let ending = Ending(threads: handles.count)
    var threads: [pthread_t] = []
    for loop in loops {
      do {
        let name = "sse-server-\(threads.count)"
        threads.append(try startThread(named: name, { loop.run() }, atEnd: ending.threadEnded))
      } catch {
        for handle in handles.prefix(threads.count) { handle.mailbox.post(.drain(over: .zero)) }
        for thread in threads { pthread_join(thread, nil) }
        throw error
      }
    }
    addresses = listeners.map(\.address)
    self.handles = handles
    self.threads = threads
    self.ending = ending
  }

  /// Has every loop end what it has within the window.
  func drain(over window: Duration) {
    for handle in handles { handle.mailbox.post(.drain(over: window)) }
  }

  /// Returns when every thread has ended; to be called once.
  func join() async {
    await ending.wait()
    // They have nothing left to do but to return, so this does not keep the caller's thread.
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Lets the threads end by themselves; instead of ``join()``.
  func detach() {
    for thread in threads { pthread_detach(thread) }
  }
}

/// Counts the threads that have not ended, and tells the one who waits for the last.
private final class Ending: Sendable {
  private struct State {
    var threads: Int
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state: Mutex<State>

  init(threads: Int) { state = Mutex(State(threads: threads)) }

  func threadEnded() {
    let waiter = state.withLock { state in
      state.threads -= 1
      return state.threads == 0 ? state.waiter.take() : nil
    }
    waiter?.resume()
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let ended = state.withLock { state in
        if state.threads == 0 { return true }
        state.waiter = continuation
        return false
      }
      if ended { continuation.resume() }
    }
  }
}
