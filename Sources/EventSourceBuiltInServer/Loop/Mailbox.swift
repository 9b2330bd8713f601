import EventSourceServer
import Glibc
import Synchronization

/// What other threads want of a loop, in the order posted.
final class Mailbox: Sendable {
  /// One thing wanted.
  enum Message: Sendable {
    /// Serve this connection, which another loop accepted; the descriptor is handed over.
    case adopt(Int32)
    /// A route's closure has answered the request that this connection is waiting with.
    case respond(ConnectionToken, RouteRun, BuiltInResponse)
    /// A route has written to the body of its response, or ended it.
    case bodyGrew(ConnectionToken, RouteRun)
    /// Take no new connections, end what there is within the window, then finish.
    case drain(over: Duration)
  }

  private struct State {
    var messages: [Message] = []
    var isClosed = false
  }

  /// Wakes the loop.
  let waker: Waker
  private let state = Mutex(State())

  init(waker: Waker) { self.waker = waker }

  /// Leaves a message and wakes the loop; false if the loop has finished, and the message is the caller's again.
  @discardableResult
  func post(_ message: Message) -> Bool {
    let taken = state.withLock { state in
      if state.isClosed { return false }
      state.messages.append(message)
      return true
    }
    if taken { waker.wake() }
    return taken
  }

  /// Exchanges the messages for an empty array, whose memory the next messages will use.
  func take(into empty: inout [Message]) {
    state.withLock { swap(&$0.messages, &empty) }
  }

  /// Takes nothing from now on; false if there are messages to be taken first.
  func closeIfEmpty() -> Bool {
    state.withLock { state in
      state.isClosed = state.messages.isEmpty
      return state.isClosed
    }
  }

  /// Takes nothing from now on, and closes the connections that nobody will serve.
  func close() {
    let left = state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
    for case .adopt(let number) in left { _ = Descriptor(owning: number) }
  }
}
