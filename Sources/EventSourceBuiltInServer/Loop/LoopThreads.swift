import EventSourceServer
import CEventSourceLinux
import Glibc
import Synchronization

/// The threads of one run of a server, one per loop.
final class LoopThreads: Sendable {
  /// The addresses that the server listens on, at least one.
  let addresses: [ListeningAddress]
  private let handles: [LoopHandle]
  private let threads: [pthread_t]
  private let ending: Ending

  /// Opens the listening sockets and starts the threads. If this throws, nothing stays open.
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

  /// Makes every loop end its connections within the window.
  func drain(over window: Duration) {
    for handle in handles { handle.mailbox.post(.drain(over: window)) }
  }

  /// Waits until every thread has ended. Call this once.
  func join() async {
    await ending.wait()
    // The threads only have to return, so this does not block the caller's thread noticeably.
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Lets the threads end by themselves. Call this instead of ``join()``.
  func detach() {
    for thread in threads { pthread_detach(thread) }
  }
}

/// Counts the threads that have not ended, and resumes the caller that waits for the last.
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
