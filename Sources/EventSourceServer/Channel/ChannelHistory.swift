/// The history registered for a channel. In an object, because most channels have none and every one has room for it.
final class ChannelHistory: Sendable {
  let repository: any EventRepository
  /// The same, if it records.
  let recorder: (any RecordingEventRepository)?

  init(_ repository: any EventRepository) {
    self.repository = repository
    recorder = repository as? any RecordingEventRepository
  }
}
