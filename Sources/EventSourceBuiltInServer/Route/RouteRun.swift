import EventSourceServer
import Synchronization

/// A route's closure that is running for one request, and the body that it streams. The waiting connection has a
/// reference to it. A response of a run that no longer belongs to the connection is discarded.
final class RouteRun: Sendable {
  /// The maximum number of bytes of a body that wait for the connection.
  static let mostPendingBytes = 64 << 10

  /// How a body ended.
  enum Ending: Sendable {
    case complete
    case failed
  }

  fileprivate struct State {
    var task: Task<Void, Never>?
    /// Whether the connection no longer waits for the run.
    var isOver = false
    /// The bytes that the connection has not accepted yet.
    var pending: [UInt8] = []
    var ending: Ending?
    /// Whether the loop has been notified of bytes that it has not read yet.
    var isAnnounced = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  let request: BuiltInRequest
  /// The method and the path, for the log.
  var method: String { request.method }
  var path: String { request.path }
  /// The fields that the cross-origin policy adds to the response.
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

  /// Stores the task, which is cancelled when the run is over.
  func started(_ task: Task<Void, Never>) {
    let isOver = state.withLock { state in
      state.task = task
      return state.isOver
    }
    if isOver { task.cancel() }
  }

  /// Cancels the task and fails waiting writers, because the connection no longer waits.
  func abandon() {
    let (task, waiters) = state.withLock { state in
      state.isOver = true
      state.pending = []
      return (state.task.take(), state.takeWaiters())
    }
    task?.cancel()
    for waiter in waiters { waiter.resume() }
  }

  /// Passes the closure's response to the connection. Returns `false` if the connection no longer waits.
  func respond(_ response: BuiltInResponse) -> Bool {
    guard state.withLock({ !$0.isOver }) else { return false }
    return mailbox.post(.respond(token, self, response))
  }

  /// Appends to the body. Waits while the body is at its limit.
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

  /// Records that the loop handles the notification. Later writes notify it again.
  func lookAtPending() { state.withLock { $0.isAnnounced = false } }

  /// The number of bytes that wait.
  var pendingBytes: Int { state.withLock { $0.pending.count } }

  /// Returns and removes the waiting bytes. Returns the ending only when no bytes are left before it.
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
          // A later cancellation finds the continuation.
          guard !state.isOver, !Task.isCancelled, !state.hasRoom(for: count) else { return false }
          state.waiters.append(continuation)
          return true
        }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      // All waiting writers check again.
      for waiter in state.withLock({ $0.takeWaiters() }) { waiter.resume() }
    }
  }
}

extension RouteRun.State {
  fileprivate func hasRoom(for count: Int) -> Bool { pending.count + count <= RouteRun.mostPendingBytes }

  /// Returns whether the loop must be notified.
  fileprivate mutating func announce() -> Bool {
    defer { isAnnounced = true }
    return !isAnnounced
  }

  fileprivate mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
    defer { waiters = [] }
    return waiters
  }
}
