/// Why a stream ended.
public enum DisconnectReason: String, Sendable, Hashable, CaseIterable {
  /// The peer left, or could no longer be reached.
  case peerGone
  /// The reader fell out of the channel's log: what it has to get next is no longer held.
  case behind
  /// More bytes than the configured maximum were waiting for the reader.
  case backlog
  /// Something was waiting for the reader for longer than the channel allows.
  case lag
  /// The hub's memory for what waits for slow readers was used up.
  case overBudget
  /// The reader's connection took nothing for too long.
  case stalled
  /// The configured maximum connection time was over.
  case lifetime
  /// The authorization was for a limited time, and it was over.
  case authorizationEnded
  /// The authorization was taken back.
  case revoked
  /// The repository could not answer, so that continuing would have lost events.
  case repositoryFailed
  /// The channel's repository was unregistered, or the channel removed.
  case channelRemoved
  /// The hub was drained or closed.
  case drained
  /// The stack that served it was stopped.
  case laneClosed

  /// Whether the reader was cut off for its own slowness.
  var isDrop: Bool {
    switch self {
    case .behind, .backlog, .lag, .overBudget, .stalled: true
    default: false
    }
  }
}
