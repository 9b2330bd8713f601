import Synchronization

internal import EventSourceServer

/// When a call to a repository last began or returned. Any thread.
final class CallProgress: Sendable {
  private let last = Mutex(ContinuousClock.now)

  /// A call begins, or has returned.
  func note() { last.withLock { $0 = .now } }

  /// How much of a time is left, since this was last noted.
  func rest(of limit: Duration) -> Duration { last.withLock { limit - (.now - $0) } }
}
