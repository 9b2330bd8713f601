import Synchronization

internal import EventSourceServer

/// The newest position that this process has seen of each channel. Any thread.
final class SeenPositions: Sendable {
  /// So many channels are kept in mind. Of the others the replication ID alone tells.
  private static let most = 100_000

  private let positions = Mutex<[ChannelName: SharedPosition]>([:])

  subscript(channel: ChannelName) -> SharedPosition? { positions.withLock { $0[channel] } }

  func note(_ position: SharedPosition, in channel: ChannelName) {
    positions.withLock { positions in
      if let known = positions[channel] {
        if known < position { positions[channel] = position }
      } else {
        if positions.count >= Self.most, let other = positions.keys.first { positions[other] = nil }
        positions[channel] = position
      }
    }
  }
}
