public import EventSourceFormat

/// Why something was not published. But for ``outcomeUnknown(_:)`` nothing was sent, to any channel.
///
/// An event that the format cannot carry throws `EventStreamFormatError` instead.
public enum PublishError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no channel of this name, and the hub does not make channels on demand.
  case unknownChannel(ChannelName)
  /// The handle's channel was removed. There may be another of that name by now: ``EventHub/channel(_:)`` returns a
  /// handle to it.
  case channelRemoved(ChannelName)
  /// The hub has as many channels as it may.
  case tooManyChannels(limit: Int)
  /// The event is larger, encoded, than the configured maximum.
  case eventTooLarge(bytes: Int, limit: Int)
  /// The event's ID is one that readers cannot bring back: they could not resume after it.
  case unusableID(EventIDFlaw)
  /// The event's ID has the form of those that this hub generates for the channel, or will: it would name two events.
  case generatedID(EventID, ChannelName)
  /// The channel's repository records, which is asynchronous: use the form of `publish` that is awaited.
  case recordingChannel(ChannelName)
  /// The channel's repository recorded the event, but did not answer an ID that it can have; it is not published.
  case wrongRecording(ChannelName)
  /// So many bytes wait for repositories already, in all channels of the hub; nothing was recorded or published.
  case recordingBacklog(ChannelName, limit: Int)
  /// The channel's repository has been given the event and has not answered in time, or before the caller stopped
  /// waiting: nobody knows whether it is recorded. If it is, it will be published.
  case outcomeUnknown(ChannelName)
  /// The hub was closed.
  case closed

  /// One line for a person.
  public var description: String {
    switch self {
    case .unknownChannel(let name): "there is no channel \"\(name)\""
    case .channelRemoved(let name): "the channel \"\(name)\" was removed"
    case .tooManyChannels(let limit): "the hub has \(limit) channels, and may not have more"
    case .eventTooLarge(let bytes, let limit): "the event has \(bytes) bytes encoded; \(limit) are allowed"
    case .unusableID(let flaw): flaw.description
    case .generatedID(let id, let name):
      "the event's ID \"\(id)\" is one that the hub generates for \"\(name)\"; leave it out"
    case .recordingChannel(let name):
      "the channel \"\(name)\" is recorded by a repository: await publish(_:to:awaiting:)"
    case .wrongRecording(let name):
      "the repository of \"\(name)\" answered no ID, or another than the event's"
    case .recordingBacklog(let name, let limit):
      "\(limit) bytes wait for repositories already; the event for \"\(name)\" was not recorded"
    case .outcomeUnknown(let name):
      "the repository of \"\(name)\" has not answered: the event may be recorded, and is published if it is"
    case .closed: "the hub is closed"
    }
  }
}
