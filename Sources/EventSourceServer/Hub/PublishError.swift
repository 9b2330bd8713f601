/// Why something was not published. Nothing was sent, to any channel.
///
/// An event that the format cannot carry throws `EventStreamFormatError` instead.
public enum PublishError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no channel of this name, and the hub does not make channels on demand.
  case unknownChannel(ChannelName)
  /// The hub has as many channels as it may.
  case tooManyChannels(limit: Int)
  /// The event is larger, encoded, than the configured maximum.
  case eventTooLarge(bytes: Int, limit: Int)
  /// The event's ID is empty: readers could not resume after it.
  case emptyID
  /// The channel's repository records, which is asynchronous: use the form of `publish` that is awaited.
  case recordingChannel(ChannelName)
  /// The channel's repository recorded the event, but did not answer an ID that it can have; it is not published.
  case wrongRecording(ChannelName)
  /// The hub was closed.
  case closed

  /// One line for a person.
  public var description: String {
    switch self {
    case .unknownChannel(let name): "there is no channel \"\(name)\""
    case .tooManyChannels(let limit): "the hub has \(limit) channels, and may not have more"
    case .eventTooLarge(let bytes, let limit): "the event has \(bytes) bytes encoded; \(limit) are allowed"
    case .emptyID: "the event's ID is empty"
    case .recordingChannel(let name):
      "the channel \"\(name)\" is recorded by a repository: await publish(_:to:awaiting:)"
    case .wrongRecording(let name):
      "the repository of \"\(name)\" answered no ID, or another than the event's"
    case .closed: "the hub is closed"
    }
  }
}
