internal import EventSourceFormat

/// The event by which a stream of several channels reports that one of them was removed and the others continue.
///
/// Its type is ``type``, which a plain `EventSource` ignores unless it listens for it. Its data is a JSON object with
/// the channel's name. It has no ID.
struct RemovalEvent: ServerSentEventConvertible {
  static let type: EventType = "eventsource-removed"

  let channel: ChannelName

  var serverSentEvent: ServerSentEvent {
    ServerSentEvent(data: "{\"channel\":\(GapEvent.quoted(channel.rawValue))}", type: Self.type)
  }
}
