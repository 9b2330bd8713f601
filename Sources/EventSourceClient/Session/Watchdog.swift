import Synchronization

/// Cancels the attempt that made it, when nothing has happened for a time. One task for each time that is watched, not
/// for each byte: who sleeps looks at the last moment of activity when it wakes. Any thread.
final class Watchdog: Sendable {
  private struct State {
    /// The moment of the last activity; nil: nothing is watched for now.
    var since: Duration?
    var limit: Duration?
    var task: Task<Void, Never>?
    var error: SubscriptionError?
    var hasFired = false
  }

  private let state = Mutex(State())
  private let session: EventSourceSession
  private let step: Int

  /// Watches the step of the session that is going on.
  init(_ session: EventSourceSession) {
    self.session = session
    step = session.stepNumber
  }

  /// Why it canceled the attempt; nil: it did not.
  var verdict: SubscriptionError? { state.withLock { $0.hasFired ? $0.error : nil } }

  /// Watches for so long a time of silence from now on, which would be this error; nil: not at all.
  func watch(_ limit: Duration?, _ code: SubscriptionError.Code, _ head: ResponseHead? = nil) {
    guard let limit = limit?.clamped() else { return }
    let now = session.now
    state.withLock { state in
      state.since = now
      guard state.limit != limit || state.error?.code != code else { return }
      state.task?.cancel()
      state.limit = limit
      let silence = code == .readTimeout ? "the stream was silent for \(limit)" : "no response within \(limit)"
      state.error = SubscriptionError(code, silence, head: head)
      state.task = Task { [weak self, clock = session.configuration.clock] in
        var rest = limit
        while true {
          try? await clock.sleep(for: rest)
          guard !Task.isCancelled, let next = self?.remaining(of: limit) else { return }
          rest = next
        }
      }
    }
  }

  func pause() { state.withLock { $0.since = nil } }

  func stop() {
    state.withLock { state in
      state.since = nil
      state.limit = nil
      return state.task.take()
    }?.cancel()
  }

  /// How long it may still be silent; nil: it was silent for too long, and the attempt has been canceled.
  private func remaining(of limit: Duration) -> Duration? {
    let now = session.now
    let rest = state.withLock { state -> Duration? in
      guard let since = state.since else { return limit }
      let rest = limit - (now - since)
      if rest <= .zero { state.hasFired = true }
      return rest > .zero ? rest : nil
    }
    if rest == nil { session.cancel(step: step) }
    return rest
  }
}
