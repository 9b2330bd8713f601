import EventSourceServer
import Synchronization

/// A route's closure at work on one request, and the body that it streams. The connection that waits for it has a
/// reference; an answer of a run that is no longer the connection's is dropped.
final class RouteRun: Sendable {
  /// How much of a body waits at most for the connection to take it.
  static let mostPendingBytes = 64 << 10

  /// How a body has ended.
  enum Ending: Sendable {
    case complete
    case failed
  }

  fileprivate struct State {
    var task: Task<Void, Never>?
    /// Whether nobody waits for the run any more.
    var isOver = false
    /// What the connection has not taken yet.
    var pending: [UInt8] = []
    var ending: Ending?
    /// Whether the loop has been told of more than it has looked at.
    var isAnnounced = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  let request: BuiltInRequest
  /// For the log.
  var method: String { request.method }
  var path: String { request.path }
  /// What the cross-origin policy adds to the response.
  let fields: [HeaderField]
  private let token: ConnectionToken
  private let mailbox: Mailbox
  private let state = Mutex(State())

  init(_ request: BuiltInRequest, fields: [HeaderField], token: ConnectionToken, mailbox: Mailbox) {
    self.request = request
    self.fields = fields
    self.token = token
    self.mailbox = mailbox
  }

  /// Notes the task, which is canceled when the run is over.
  func started(_ task: Task<Void, Never>) {
    let isOver = state.withLock { state in
      state.task = task
      return state.isOver
    }
    if isOver { task.cancel() }
  }

  /// Nobody waits any more: the task is canceled, and a writer that waits is told.
  func abandon() {
    let (task, waiters) = state.withLock { state in
      state.isOver = true
      state.pending = []
      return (state.task.take(), state.takeWaiters())
    }
    task?.cancel()
    for waiter in waiters { waiter.resume() }
  }

  /// Gives the closure's response to the connection; false if nobody waits for it.
  func respond(_ response: BuiltInResponse) -> Bool {
    guard state.withLock({ !$0.isOver }) else { return false }
    return mailbox.post(.respond(token, self, response))
  }

  /// Adds to the body, and waits while it has as much as it may.
  func write(_ bytes: [UInt8]) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      try Task.checkCancellation()
      let piece = rest.prefix(Self.mostPendingBytes)
      let (fits, announces) = try state.withLock { state in
        guard !state.isOver, state.ending == nil else { throw CancellationError() }
        guard state.hasRoom(for: piece.count) else { return (false, false) }
        state.pending += piece
        return (true, state.announce())
      }
      if announces { announce() }
      if fits { rest = rest.dropFirst(piece.count) } else { await untilThereIsRoom(for: piece.count) }
    }
  }

  /// Ends the body.
  func end(_ ending: Ending) {
    let announces = state.withLock { state in
      guard state.ending == nil else { return false }
      state.ending = ending
      return state.announce()
    }
    if announces { announce() }
  }

  /// The loop has been told; what is written from now on is announced anew.
  func lookAtPending() { state.withLock { $0.isAnnounced = false } }

  /// How much waits.
  var pendingBytes: Int { state.withLock { $0.pending.count } }

  /// Takes what waits; the ending only when nothing is left before it.
  func take() -> (bytes: [UInt8], ending: Ending?) {
    let (bytes, ending, waiters) = state.withLock { state in
      let bytes = state.pending
      state.pending = []
      return (bytes, bytes.isEmpty ? state.ending : nil, state.takeWaiters())
    }
    for waiter in waiters { waiter.resume() }
    return (bytes, ending)
  }

  private func announce() {
    if !mailbox.post(.bodyGrew(token, self)) { abandon() }
  }

  private func untilThereIsRoom(for count: Int) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waits = state.withLock { state in
          // A cancellation that comes after this finds the continuation.
          guard !state.isOver, !Task.isCancelled, !state.hasRoom(for: count) else { return false }
          state.waiters.append(continuation)
          return true
        }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      // All of them look again.
      for waiter in state.withLock({ $0.takeWaiters() }) { waiter.resume() }
    }
  }
}

extension RouteRun.State {
  fileprivate func hasRoom(for count: Int) -> Bool { pending.count + count <= RouteRun.mostPendingBytes }

  /// Whether the loop is to be told.
  fileprivate mutating func announce() -> Bool {
    defer { isAnnounced = true }
    return !isAnnounced
  }

  fileprivate mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
    defer { waiters = [] }
    return waiters
  }
}
