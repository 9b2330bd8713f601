/// The reason why a run was stopped.
public enum RunStopReason: Sendable, Hashable {
  /// A DELETE request or a call of ``Run/stop(_:)``. The identity comes from the authorizer, or from the caller of
  /// `stop`. Viewers do not see it.
  case requested(by: String?)
  /// It had no viewers for ``RunCollection/Configuration/unwatchedLimit``.
  case unwatched
  /// It took longer than ``RunCollection/Configuration/maximumDuration``.
  case deadline
  /// It exceeded ``RunCollection/Configuration/maximumBytesPerRun``.
  case byteLimit
  /// Its collection or its hub was closed.
  case closed

  /// The reason's name in the run's last event: `requested`, `unwatched`, `deadline`, `byteLimit` or `closed`.
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
