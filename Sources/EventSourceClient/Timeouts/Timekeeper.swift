import Synchronization

/// The timers of all sources whose clock is the continuous one: one task sleeps for all of them, because a task that
/// sleeps costs some KiB. Any thread.
final class Timekeeper: Sendable {
  static let shared = Timekeeper()

  private struct State {
    var timers = TimerHeap()
    /// What sleeps, and until when.
    var sleeper: Task<Void, Never>?
    var end: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// Asks a watchdog, after a time, how much longer it wants to wait. It is kept until then, or until it is canceled.
  func schedule(_ watchdog: Watchdog, after time: Duration) {
    let deadline = ContinuousClock.now + time
    state.withLock { state in
      state.timers.remove(watchdog)
      state.timers.insert(watchdog, at: deadline)
      guard state.end.map({ deadline < $0 }) ?? true else { return }
      state.sleeper?.cancel()
      state.end = deadline
      state.sleeper = Task.detached { await self.sleep(until: deadline) }
    }
  }

  /// Forgets a watchdog; without effect if it has none of it.
  func cancel(_ watchdog: Watchdog) { state.withLock { $0.timers.remove(watchdog) } }

  private func sleep(until first: ContinuousClock.Instant) async {
    var next = first
    while true {
      // Canceled: another one sleeps for it.
      guard (try? await ContinuousClock().sleep(until: next)) != nil else { return }
      while let watchdog = takeDue() {
        if let rest = watchdog.remaining() { state.withLock { $0.timers.insert(watchdog, at: .now + rest) } }
      }
      let end = state.withLock { state -> ContinuousClock.Instant? in
        guard !Task.isCancelled else { return nil }
        state.end = state.timers.first
        if state.end == nil { state.sleeper = nil }
        return state.end
      }
      guard let end else { return }
      next = end
    }
  }

  private func takeDue() -> Watchdog? { state.withLock { $0.timers.takeFirst(until: .now) } }
}
