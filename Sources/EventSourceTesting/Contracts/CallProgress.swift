import Synchronization

internal import EventSourceServer

/// The time at which a call to a repository last began or returned. Safe to use from any thread.
final class CallProgress: Sendable {
  private let last = Mutex(ContinuousClock.now)

  /// Records that a call begins or has returned.
  func note() { last.withLock { $0 = .now } }

  /// Returns how much of a time limit is left since the last record.
  func rest(of limit: Duration) -> Duration { last.withLock { limit - (.now - $0) } }
}
