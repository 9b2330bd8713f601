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
      add(watchdog, at: deadline, to: &state)
    }
  }

  /// Forgets a watchdog, also one that is being asked; without effect if it has none of it.
  func cancel(_ watchdog: Watchdog) {
    state.withLock { state in
      state.timers.remove(watchdog)
      watchdog.isBeingAsked = false
    }
  }

  /// Adds a timer; what sleeps longer than that gives way to what does not. Under the lock.
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
      // Canceled: another one sleeps for it.
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

  /// Takes a watchdog to ask it, if its time has come.
  func takeDue(until moment: ContinuousClock.Instant) -> Watchdog? {
    state.withLock { state in
      let watchdog = state.timers.takeFirst(until: moment)
      watchdog?.isBeingAsked = true
      return watchdog
    }
  }

  /// Keeps a watchdog that was asked, unless it has been cancelled or scheduled since.
  ///
  /// What asked it may have been canceled after its sleep, and the one that sleeps for it may have found nothing and
  /// ended: so this too sees to it that something sleeps.
  func putBack(_ watchdog: Watchdog, after rest: Duration) {
    let deadline = ContinuousClock.now + rest
    state.withLock { state in
      guard watchdog.isBeingAsked else { return }
      add(watchdog, at: deadline, to: &state)
    }
  }

  /// Whether nothing sleeps.
  var isIdle: Bool { state.withLock { $0.sleeper == nil } }
}
