import Synchronization

/// The memory budget of a collection's runs: the memory of their logs, its limit, and the producers that wait for
/// memory. No other lock is acquired under its lock.
final class RunRoom: Sendable {
  private final class Waiter: Sendable {
    let run: ObjectIdentifier
    let bytes: Int
    let continuation: CheckedContinuation<Bool, Never>
    let number: UInt64

    init(_ run: RunCore, _ bytes: Int, _ number: UInt64, _ continuation: CheckedContinuation<Bool, Never>) {
      self.run = ObjectIdentifier(run)
      self.bytes = bytes
      self.number = number
      self.continuation = continuation
    }
  }

  private struct State {
    var used = 0
    /// In order of arrival. `since` is the time from which the producer waits, or `nil` until a lane has checked the
    /// waiters.
    var waiters: [(waiter: Waiter, since: Int64?)] = []
    var nextNumber: UInt64 = 0
    var isClosed = false
  }

  let limit: Int
  private let timeout: Int64
  private let state = Mutex(State())

  init(limit: Int, timeout: Int64) {
    self.limit = limit
    self.timeout = timeout
  }

  var used: Int { state.withLock { $0.used } }
  var waiterCount: Int { state.withLock { $0.waiters.count } }

  /// Returns whether the limit allows `bytes` more bytes.
  func fits(_ bytes: Int) -> Bool { state.withLock { $0.used + bytes <= limit } }

  /// Counts the growth of a log.
  func charge(_ bytes: Int) { state.withLock { $0.used += bytes } }

  /// Subtracts the memory of a discarded run, and resumes as many waiting producers as fit.
  func refund(_ bytes: Int) {
    let resumed = state.withLock { state in
      state.used -= bytes
      var free = limit - state.used
      let count = state.waiters.prefix { entry in
        free -= entry.waiter.bytes
        return free >= 0
      }.count
      defer { state.waiters.removeFirst(count) }
      return state.waiters.prefix(count).map(\.waiter)
    }
    for waiter in resumed { waiter.continuation.resume(returning: true) }
  }

  /// Waits until a retry may succeed.
  ///
  /// - Parameter isWaiting: Called when the wait begins, to make a lane check the time.
  /// - Returns: `false` after the timeout.
  /// - Throws: `CancellationError` if the task is cancelled.
  func wait(for bytes: Int, of run: RunCore, isWaiting: @Sendable () -> Void) async throws -> Bool {
    try Task.checkCancellation()
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    let hasRoom = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waiter = Waiter(run, bytes, number, continuation)
        let isDone = state.withLock { state in
          if state.isClosed || Task.isCancelled || state.used + bytes <= limit { return true }
          state.waiters.append((waiter, nil))
          return false
        }
        if isDone { return continuation.resume(returning: true) }
        isWaiting()
        // The run may have ended before its producer began to wait.
        if !run.state.isActive { wake(run) }
      }
    } onCancel: {
      wake { $0.number == number }
    }
    try Task.checkCancellation()
    return hasRoom
  }

  /// Resumes the producers of a run that ended.
  func wake(_ run: RunCore) {
    let identifier = ObjectIdentifier(run)
    wake { $0.run == identifier }
  }

  func close() {
    state.withLock { $0.isClosed = true }
    wake { _ in true }
  }

  /// Ends waits that took too long. Returns the time of the next timeout, and the number of bytes that the first waiter
  /// needs.
  func expire(_ now: Int64) -> (next: Int64, wanted: Int?) {
    let (late, next, wanted) = state.withLock { state -> ([Waiter], Int64, Int?) in
      guard !state.waiters.isEmpty else { return ([], .never, nil) }
      for index in state.waiters.indices where state.waiters[index].since == nil { state.waiters[index].since = now }
      let late = state.waiters.prefix { ($0.since ?? now) + timeout <= now }.map(\.waiter)
      state.waiters.removeFirst(late.count)
      return (late, state.waiters.first?.since.map { $0 + timeout } ?? .never, state.waiters.first?.waiter.bytes)
    }
    for waiter in late { waiter.continuation.resume(returning: false) }
    return (next, wanted)
  }

  private func wake(_ isMeant: (Waiter) -> Bool) {
    let meant = state.withLock { state -> [Waiter] in
      guard !state.waiters.isEmpty else { return [] }
      let meant = state.waiters.map(\.waiter).filter(isMeant)
      state.waiters.removeAll { isMeant($0.waiter) }
      return meant
    }
    for waiter in meant { waiter.continuation.resume(returning: true) }
  }
}
