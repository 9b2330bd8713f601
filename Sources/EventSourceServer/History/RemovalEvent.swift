internal import EventSourceFormat

/// The event by which a stream of several channels says that one of them is gone and the others go on.
///
/// Its type is ``type``, which a plain `EventSource` ignores unless it listens for it; its data is a JSON object with
/// the channel's name. It has no ID.
struct RemovalEvent: ServerSentEventConvertible {
  static let type: EventType = "eventsource-removed"

  let channel: ChannelName

  var serverSentEvent: ServerSentEvent {
    ServerSentEvent(data: "{\"channel\":\(GapEvent.quoted(channel.rawValue))}", type: Self.type)
  }
}
