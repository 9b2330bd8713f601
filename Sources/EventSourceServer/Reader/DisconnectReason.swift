/// The reason why a stream ended.
public enum DisconnectReason: String, Sendable, Hashable, CaseIterable {
  /// The peer disconnected or became unreachable.
  case peerDisconnected
  /// The reader fell so far behind that its next event was evicted.
  case fellBehind
  /// More bytes than the configured maximum were waiting for the reader.
  case backlog
  /// An event waited for the reader for longer than the channel's maximum lag.
  case lagExceeded
  /// The hub's memory for slow readers was used up.
  case overBudget
  /// The connection accepted nothing for the stall timeout.
  case stalled
  /// The maximum stream duration was reached.
  case maximumDurationReached
  /// The grant expired.
  case authorizationEnded
  /// The permission was revoked.
  case revoked
  /// The repository failed, and continuing without it would have lost events.
  case repositoryFailed
  /// The channel was removed, or its repository was removed.
  case channelRemoved
  /// The run ended, and the reader has all of it.
  case runEnded
  /// The hub was drained or closed.
  case draining
  /// The server was stopped.
  case laneClosed

  /// Whether the reader was disconnected because it was too slow.
  var isDrop: Bool {
    switch self {
    case .fellBehind, .backlog, .lagExceeded, .overBudget, .stalled: true
    default: false
    }
  }
}
