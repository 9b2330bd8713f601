import EventSourceServer
import Glibc
import Synchronization

/// Messages from other threads to a loop, in the order of posting.
final class Mailbox: Sendable {
  /// A message to a loop.
  enum Message: Sendable {
    /// Serve this connection, which another loop accepted. The message transfers ownership of the descriptor.
    case adopt(Int32)
    /// A route's closure has responded to the request of this connection.
    case respond(ConnectionToken, RouteRun, BuiltInResponse)
    /// A route has written to the body of its response, or ended it.
    case bodyGrew(ConnectionToken, RouteRun)
    /// Accept no new connections, end the existing ones within the window, then finish.
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

  /// Posts a message and wakes the loop. Returns `false` if the loop has finished; the caller then keeps the message.
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

  /// Swaps the messages for an empty array, whose memory the next messages will use.
  func take(into empty: inout [Message]) {
    state.withLock { swap(&$0.messages, &empty) }
  }

  /// Closes the mailbox unless it has messages. Returns `false` if it has.
  func closeIfEmpty() -> Bool {
    state.withLock { state in
      state.isClosed = state.messages.isEmpty
      return state.isClosed
    }
  }

  /// Closes the mailbox and the connections in it, which no loop will serve.
  func close() {
    let left = state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
    for case .adopt(let number) in left { _ = Descriptor(owning: number) }
  }
}
