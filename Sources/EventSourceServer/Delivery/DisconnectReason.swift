/// Why a stream ended.
public enum DisconnectReason: String, Sendable, Hashable, CaseIterable {
  /// The peer left, or could no longer be reached.
  case peerGone
  /// The reader fell out of the channel's log: what it has to get next is no longer held.
  case behind
  /// More bytes than the configured maximum were waiting for the reader.
  case backlog
  /// The reader's connection took nothing for too long.
  case stalled
  /// The configured maximum connection time was over.
  case lifetime
  /// The authorization was for a limited time, and it was over.
  case authorizationEnded
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
    case .behind, .backlog, .stalled: true
    default: false
    }
  }
}
