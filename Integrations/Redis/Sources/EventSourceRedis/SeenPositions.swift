import Synchronization

internal import EventSourceServer

/// The newest position that this process has seen in each channel. Can be used from any thread.
final class SeenPositions: Sendable {
  /// The maximum number of channels to remember. For other channels only the replication ID reveals a lost history.
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
