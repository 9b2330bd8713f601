/// How a run has ended.
public enum RunOutcome: Sendable, Hashable {
  /// Its producer finished it.
  case finished
  /// Its producer failed, with this text, which viewers are told.
  case failed(String)
  /// It was stopped before its producer finished it.
  case stopped(RunStopReason)
  /// The process that produced it ended before the run did. Its history has what was recorded until then.
  case interrupted

  /// The outcome as the run's last event names it: `finished`, `failed`, `stopped` or `interrupted`.
  public var name: String {
    switch self {
    case .finished: "finished"
    case .failed: "failed"
    case .stopped: "stopped"
    case .interrupted: "interrupted"
    }
  }
}

/// Why a run was stopped.
public enum RunStopReason: Sendable, Hashable {
  /// Somebody asked for it: a request with DELETE, or ``Run/stop(_:)``. The identity is the authorizer's, or what the
  /// caller of `stop` said; viewers are not told it.
  case requested(by: String?)
  /// Nobody has watched it for ``RunCollection/Configuration/unwatchedLimit``.
  case unwatched
  /// It took longer than ``RunCollection/Configuration/maximumDuration``.
  case deadline
  /// It had more than ``RunCollection/Configuration/maximumBytesPerRun``.
  case byteLimit
  /// Its collection or its hub was closed.
  case closed

  /// The reason as the run's last event names it: `requested`, `unwatched`, `deadline`, `byteLimit` or `closed`.
  public var name: String {
    switch self {
    case .requested: "requested"
    case .unwatched: "unwatched"
    case .deadline: "deadline"
    case .byteLimit: "byteLimit"
    case .closed: "closed"
    }
  }
}
