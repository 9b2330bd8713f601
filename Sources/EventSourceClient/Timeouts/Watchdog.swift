import Synchronization

/// Cancels the attempt that created it when nothing has happened for a time. A timer runs once per watched interval,
/// not once per byte: when it fires, it checks the time of the last activity. All methods can be called from any
/// thread.
final class Watchdog: Sendable {
  private struct State {
    /// The time of the last activity. `nil` while nothing is watched.
    var since: Duration?
    var limit: Duration?
    /// Whether a timer is running.
    var isRunning = false
    /// The timer, if the clock is not the continuous one.
    var task: Task<Void, Never>?
    /// The code and the response head of the error to report.
    var code: SubscriptionError.Code?
    var head: ResponseHead?
    var hasFired = false

    var error: SubscriptionError? {
      guard hasFired, let code, let limit else { return nil }
      let silence = code == .readTimeout ? "the stream was silent for \(limit)" : "no response within \(limit)"
      return SubscriptionError(code, silence, head: head)
    }
  }

  private let state = Mutex(State())
  private let session: EventSourceSession
  private let step: Int
  /// Its index in the timekeeper's heap. Guarded by the timekeeper's lock.
  nonisolated(unsafe) var timerIndex: Int?
  /// Whether the timekeeper is checking it. Guarded by the timekeeper's lock.
  nonisolated(unsafe) var isBeingAsked = false
  private let timekeeper: Timekeeper

  /// Watches the current step of the session.
  init(_ session: EventSourceSession, timekeeper: Timekeeper = .shared) {
    self.session = session
    self.timekeeper = timekeeper
    step = session.stepNumber
  }

  /// The reason why it cancelled the attempt. `nil` if it did not.
  var verdict: SubscriptionError? { state.withLock { $0.error } }

  /// Watches for `limit` of silence from now on, to be reported with `code`. Does nothing if `limit` is `nil`.
  func watch(_ limit: Duration?, _ code: SubscriptionError.Code, _ head: ResponseHead? = nil) {
    guard let limit = limit?.clamped() else { return }
    let now = session.now
    let isAnother = state.withLock { state in
      state.since = now
      return !state.isRunning || state.limit != limit || state.code != code
    }
    if isAnother { begin(limit, code, head) }
  }

  @inline(never)
  private func begin(_ limit: Duration, _ code: SubscriptionError.Code, _ head: ResponseHead?) {
    let clock = session.configuration.clock
    state.withLock { state in
      state.task?.cancel()
      state.limit = limit
      state.isRunning = true
      (state.code, state.head) = (code, head)
      guard !(clock is ContinuousClock) else { return }
      state.task = Task { [weak self] in
        var rest = limit
        while true {
          try? await clock.sleep(for: rest)
          guard !Task.isCancelled, let next = self?.remaining() else { return }
          rest = next
        }
      }
    }
    if clock is ContinuousClock { timekeeper.schedule(self, after: limit) }
  }

  func pause() { state.withLock { $0.since = nil } }

  func stop() {
    let task = state.withLock { state in
      state.since = nil
      state.isRunning = false
      return state.task.take()
    }
    task?.cancel()
    timekeeper.cancel(self)
  }

  /// Returns the time until the next check. Returns `nil` if nothing is watched, or if the limit was reached; the
  /// attempt has then been cancelled.
  func remaining() -> Duration? {
    let now = session.now
    let (rest, isLate) = state.withLock { state -> (Duration?, Bool) in
      guard state.isRunning, let limit = state.limit else { return (nil, false) }
      guard let since = state.since else { return (limit, false) }
      let rest = limit - (now - since)
      if rest <= .zero { state.hasFired = true }
      return rest > .zero ? (rest, false) : (nil, true)
    }
    if isLate { session.cancel(step: step) }
    return rest
  }
}
