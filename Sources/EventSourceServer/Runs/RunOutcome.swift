/// The outcome of a run.
public enum RunOutcome: Sendable, Hashable {
  /// Its producer finished it.
  case finished
  /// Its producer failed, with this text for the viewers.
  case failed(String)
  /// It was stopped before its producer finished it.
  case stopped(RunStopReason)
  /// The process that produced it ended before the run did. The history has the events recorded until then.
  case interrupted

  /// The outcome's name in the run's last event: `finished`, `failed`, `stopped` or `interrupted`.
  public var name: String {
    switch self {
    case .finished: "finished"
    case .failed: "failed"
    case .stopped: "stopped"
    case .interrupted: "interrupted"
    }
  }
}
