/// Told what happens to the runs of a collection: viewers that come and leave, requests to stop, ends.
///
/// It is called from a task of the hub, on its ``EventHub/Configuration/taskExecutor``, outside every lock, with one
/// change after the other in the order in which they happened to a run; the next one waits until the call returns. So
/// it may take its time, and delivery never waits for it.
///
/// While 10,000 changes wait for an observer, viewers that come and leave are not told any more; the others are.
public protocol RunObserver: Sendable {
  /// Takes one change.
  func runChanged(_ change: RunChange) async
}

/// What happened to a run.
public enum RunChange: Sendable, Hashable {
  /// The run was started.
  case began(Run)
  /// A viewer came; so many watch now.
  case viewerJoined(Run, viewers: Int)
  /// A viewer left; so many still watch.
  case viewerLeft(Run, viewers: Int)
  /// The run is to stop. With a ``RunCollection/Configuration/stopGrace`` its producer may still write its last events.
  case stopRequested(Run, RunStopReason)
  /// The run is over.
  case ended(Run, RunOutcome)
  /// The run is not kept any more.
  case discarded(Run)
}
