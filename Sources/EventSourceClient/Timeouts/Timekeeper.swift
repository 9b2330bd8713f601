import Synchronization

/// The timers of all sources that use the continuous clock. One task sleeps for all of them, because each sleeping task
/// costs some KiB. All methods can be called from any thread.
final class Timekeeper: Sendable {
  static let shared = Timekeeper()

  private struct State {
    var timers = TimerHeap()
    /// The sleeping task, and the time at which it wakes.
    var sleeper: Task<Void, Never>?
    var end: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// Schedules a check of a watchdog after `time`. The watchdog is retained until then or until it is cancelled.
  func schedule(_ watchdog: Watchdog, after time: Duration) {
    let deadline = ContinuousClock.now + time
    state.withLock { state in
      state.timers.remove(watchdog)
      add(watchdog, at: deadline, to: &state)
    }
  }

  /// Removes a watchdog, even while it is being checked. Has no effect on one that is not scheduled.
  func cancel(_ watchdog: Watchdog) {
    state.withLock { state in
      state.timers.remove(watchdog)
      watchdog.isBeingAsked = false
    }
  }

  /// Adds a timer. Replaces the sleeper if it would wake too late. Call with the lock held.
  private func add(_ watchdog: Watchdog, at deadline: ContinuousClock.Instant, to state: inout State) {
    watchdog.isBeingAsked = false
    state.timers.insert(watchdog, at: deadline)
    guard state.end.map({ deadline < $0 }) ?? true else { return }
    state.sleeper?.cancel()
    state.end = deadline
    state.sleeper = Task.detached { await self.sleep(until: deadline) }
  }

  private func sleep(until first: ContinuousClock.Instant) async {
    var next = first
    while true {
      // Cancelled: another sleeper has replaced this one.
      guard (try? await ContinuousClock().sleep(until: next)) != nil else { return }
      while let watchdog = takeDue(until: .now) {
        if let rest = watchdog.remaining() { putBack(watchdog, after: rest) }
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

  /// Takes a watchdog that is due, to check it.
  func takeDue(until moment: ContinuousClock.Instant) -> Watchdog? {
    state.withLock { state in
      let watchdog = state.timers.takeFirst(until: moment)
      watchdog?.isBeingAsked = true
      return watchdog
    }
  }

  /// Schedules a watchdog again after its check, unless it has been cancelled or scheduled since.
  ///
  /// The sleeper that took the watchdog may have been cancelled since, and its replacement may have found no timer and
  /// ended. Adding the timer starts a new sleeper in that case.
  func putBack(_ watchdog: Watchdog, after rest: Duration) {
    let deadline = ContinuousClock.now + rest
    state.withLock { state in
      guard watchdog.isBeingAsked else { return }
      add(watchdog, at: deadline, to: &state)
    }
  }

  /// Whether no task is sleeping.
  var isIdle: Bool { state.withLock { $0.sleeper == nil } }
}
