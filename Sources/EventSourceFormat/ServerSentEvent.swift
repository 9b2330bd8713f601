/// One event to be published: what one block of an event stream carries (WHATWG HTML 9.2.6).
///
/// Events are compared by their bytes.
public struct ServerSentEvent: Sendable {
  /// What a reader repeats as its last event ID; nil: the reader's last event ID stays what it was.
  public var id: EventID?
  /// The type; nil: `message`.
  public var type: EventType?
  /// The data. CR LF and CR arrive as LF, because the format keeps no record of which it was.
  public var data: String
  /// How long the reader waits before it reconnects, from now on, in whole milliseconds; nil: as before.
  public var reconnectionTime: Duration?

  /// Makes an event.
  public init(data: String, type: EventType? = nil, id: EventID? = nil, reconnectionTime: Duration? = nil) {
    self.id = id
    self.type = type
    self.data = data
    self.reconnectionTime = reconnectionTime
  }
}

extension ServerSentEvent: Hashable {
  /// Whether both have the same bytes, and the same reconnection time.
  public static func == (left: ServerSentEvent, right: ServerSentEvent) -> Bool {
    left.id == right.id && left.type == right.type && left.data.hasSameBytes(as: right.data)
      && left.reconnectionTime == right.reconnectionTime
  }

  /// Feeds the bytes and the reconnection time.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(id)
    hasher.combine(type)
    data.hashBytes(into: &hasher)
    hasher.combine(reconnectionTime)
  }
}

/// What can be published as an event: the way for a type of the application's own.
public protocol ServerSentEventConvertible {
  /// The event. What it throws, publishing throws.
  var serverSentEvent: ServerSentEvent { get throws }
}

extension ServerSentEvent: ServerSentEventConvertible {
  /// The event itself.
  public var serverSentEvent: ServerSentEvent { self }
}

extension String: ServerSentEventConvertible {
  /// An event of type `message` with the text as its data.
  public var serverSentEvent: ServerSentEvent { ServerSentEvent(data: self) }
}
