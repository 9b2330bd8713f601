/// The history registered for a channel. In an object, because most channels have none and every one has room for it.
///
/// Sendable, because the follower is used under the channel's lock only.
final class ChannelHistory: @unchecked Sendable {
  let repository: any EventRepository
  /// The same, if it records.
  let recorder: (any RecordingEventRepository)?
  /// How the channel's order is followed, if the repository is shared.
  let follower: ChannelFollower?

  init(_ repository: any EventRepository, follower: ChannelFollower? = nil) {
    self.repository = repository
    self.follower = follower
    recorder = repository as? any RecordingEventRepository
  }
}
