/// Receives the changes of a collection's runs: viewers that join and leave, requests to stop, ends.
///
/// Called from a task on the hub's ``EventHub/Configuration/taskExecutor``, without any lock held. The changes of a run
/// come one at a time and in order. The next one waits until the call returns. Delivery never waits for an observer.
///
/// While 10,000 changes wait for a slow observer, viewers that join and leave are not reported. Other changes always
/// are.
public protocol RunObserver: Sendable {
  /// Receives one change.
  func runChanged(_ change: RunChange) async
}

/// A change of a run.
public enum RunChange: Sendable, Hashable {
  /// The run was started.
  case began(Run)
  /// A viewer joined. `viewers` watch now.
  case viewerJoined(Run, viewers: Int)
  /// A viewer left. `viewers` still watch.
  case viewerLeft(Run, viewers: Int)
  /// The run must stop. With a ``RunCollection/Configuration/stopGrace`` its producer may still write its last events.
  case stopRequested(Run, RunStopReason)
  /// The run ended.
  case ended(Run, RunOutcome)
  /// The run is no longer kept in memory.
  case discarded(Run)
}
