/// The history registered for a channel. A class, because every channel has room for one and most have none.
///
/// Sendable because the follower and `recordsFrom` are used only under the channel's lock.
final class ChannelHistory: @unchecked Sendable {
  let repository: any EventRepository
  /// The repository, if it records.
  let recorder: (any RecordingEventRepository)?
  /// The state of following the channel's order, if the repository is shared.
  let follower: ChannelFollower?
  /// The log's position from which on it has recorded every event, if it records.
  var recordsFrom: UInt64 = 0

  init(_ repository: any EventRepository, follower: ChannelFollower? = nil) {
    self.repository = repository
    self.follower = follower
    recorder = repository as? any RecordingEventRepository
  }
}
