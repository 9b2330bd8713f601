import Synchronization

/// The part of a loop that any thread may use.
final class LoopHandle: Sendable {
  let waker: Waker
  let mailbox: Mailbox
  /// The number of connections assigned to the loop and not yet closed.
  let load = Atomic<Int>(0)

  init() throws(BuiltInServerError) {
    waker = try Waker()
    mailbox = Mailbox(waker: waker)
  }
}
