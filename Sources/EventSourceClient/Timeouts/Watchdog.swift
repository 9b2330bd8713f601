import Synchronization

/// Cancels the attempt that made it, when nothing has happened for a time. There is one timer for each time that is
/// watched, not for each byte: when it fires, it looks at the last moment of activity. Any thread.
final class Watchdog: Sendable {
  private struct State {
    /// The moment of the last activity; nil: nothing is watched for now.
    var since: Duration?
    var limit: Duration?
    /// Whether a timer runs.
    var isRunning = false
    /// What waits, if the clock is not the continuous one.
    var task: Task<Void, Never>?
    /// What the silence would be, and of which stream.
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
  /// Where the timekeeper has it. Under the timekeeper's lock.
  nonisolated(unsafe) var timerIndex: Int?
  /// Whether the timekeeper took it to ask it. Under the timekeeper's lock.
  nonisolated(unsafe) var isBeingAsked = false
  private let timekeeper: Timekeeper

  /// Watches the step of the session that is going on.
  init(_ session: EventSourceSession, timekeeper: Timekeeper = .shared) {
    self.session = session
    self.timekeeper = timekeeper
    step = session.stepNumber
  }

  /// Why it canceled the attempt; nil: it did not.
  var verdict: SubscriptionError? { state.withLock { $0.error } }

  /// Watches for so long a time of silence from now on, which would be this error; nil: not at all.
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

  /// How long it may still be silent; nil: nothing is watched any more, or it was silent for too long, and the attempt
  /// has been canceled.
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
