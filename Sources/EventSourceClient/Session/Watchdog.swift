import Synchronization

/// Cancels the attempt that made it, when nothing has happened for a time. One task for each time that is watched, not
/// for each byte: who sleeps looks at the last moment of activity when it wakes. Any thread.
final class Watchdog: Sendable {
  private struct State {
    /// The moment of the last activity; nil: nothing is watched for now.
    var since: Duration?
    var task: Task<Void, Never>?
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

  var hasFired: Bool { state.withLock { $0.hasFired } }

  /// Watches for so long a time of silence from now on, instead of any other; nil: not at all.
  func watch(_ limit: Duration?) {
    stop()
    guard let limit else { return }
    let task = Task { [weak self, clock = session.configuration.clock] in
      var rest = limit
      while true {
        try? await clock.sleep(for: rest)
        guard !Task.isCancelled, let next = self?.remaining(of: limit) else { return }
        rest = next
      }
    }
    state.withLock {
      $0.since = session.now
      $0.task = task
    }
  }

  func restart() { state.withLock { $0.since = session.now } }
  func pause() { state.withLock { $0.since = nil } }

  func stop() {
    state.withLock { state in
      state.since = nil
      defer { state.task = nil }
      return state.task
    }?.cancel()
  }

  /// How long it may still be silent; nil: it was silent for too long, and the attempt has been canceled.
  private func remaining(of limit: Duration) -> Duration? {
    let rest = state.withLock { state -> Duration? in
      guard let since = state.since else { return limit }
      let rest = limit - (session.now - since)
      if rest <= .zero { state.hasFired = true }
      return rest > .zero ? rest : nil
    }
    if rest == nil { session.cancel(step: step) }
    return rest
  }
}
