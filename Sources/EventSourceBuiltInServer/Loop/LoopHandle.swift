import Synchronization

/// What everybody may know of a loop.
final class LoopHandle: Sendable {
  let waker: Waker
  let mailbox: Mailbox
  /// How many connections it has been given and not yet closed.
  let load = Atomic<Int>(0)

  init() throws(BuiltInServerError) {
    waker = try Waker()
    mailbox = Mailbox(waker: waker)
  }
}
