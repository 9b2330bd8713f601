public import EventSourceFormat

/// The reason why publishing failed. Except with ``outcomeUnknown(_:)``, nothing was sent to any channel.
///
/// An event that the format cannot represent throws `EventStreamFormatError` instead.
public enum PublishError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no channel with this name, and the hub does not create channels on demand.
  case unknownChannel(ChannelName)
  /// The handle's channel was removed. There may be another one with that name by now: ``EventHub/channel(_:)`` returns
  /// a handle to it.
  case channelRemoved(ChannelName)
  /// The hub has reached its maximum number of channels.
  case tooManyChannels(limit: Int)
  /// The encoded event is larger than the configured maximum.
  case eventTooLarge(bytes: Int, limit: Int)
  /// Readers cannot send the event's ID back, so they could not resume after it.
  case unusableID(EventIDFlaw)
  /// The hub generates the event's ID for another event, now or later, so the ID would name two events.
  case generatedID(EventID, ChannelName)
  /// The channel's repository records events, which is asynchronous: use the asynchronous form of `publish`.
  case recordingChannel(ChannelName)
  /// The channel's repository recorded the event but returned an invalid ID. The event is not published.
  case wrongRecording(ChannelName)
  /// Too many bytes are waiting for repositories, over all channels of the hub. Nothing was recorded or published.
  case recordingBacklog(ChannelName, limit: Int)
  /// The channel's repository has received the event and did not respond in time, or before the caller stopped waiting.
  /// The event may or may not be recorded. If it is, it will be published.
  case outcomeUnknown(ChannelName)
  /// The hub was closed.
  case closed

  /// A one-line description.
  public var description: String {
    switch self {
    case .unknownChannel(let name): "there is no channel \"\(name)\""
    case .channelRemoved(let name): "the channel \"\(name)\" was removed"
    case .tooManyChannels(let limit): "the hub has reached its maximum of \(limit) channels"
    case .eventTooLarge(let bytes, let limit): "the event has \(bytes) bytes encoded; \(limit) are allowed"
    case .unusableID(let flaw): flaw.description
    case .generatedID(let id, let name):
      "the event's ID \"\(id)\" is one that the hub generates for \"\(name)\"; leave it out"
    case .recordingChannel(let name):
      "the channel \"\(name)\" is recorded by a repository: await publish(_:to:waitingUntil:)"
    case .wrongRecording(let name):
      "the repository of \"\(name)\" returned an invalid ID, or one that differs from the event's"
    case .recordingBacklog(let name, let limit):
      "\(limit) bytes are already waiting for repositories; the event for \"\(name)\" was not recorded"
    case .outcomeUnknown(let name):
      "the repository of \"\(name)\" has not responded; the event may be recorded, and is published if it is"
    case .closed: "the hub is closed"
    }
  }
}
