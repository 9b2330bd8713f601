/// An event to publish: the content of one block of an event stream (WHATWG HTML 9.2.6).
///
/// Events are compared by their bytes.
public struct ServerSentEvent: Sendable {
  /// The ID, which a reader sends back as its last event ID. `nil` leaves the reader's last event ID unchanged.
  public var id: EventID?
  /// The type. `nil` means `message`.
  public var type: EventType?
  /// The data. CR LF and CR arrive as LF, because the format does not distinguish them.
  public var data: String
  /// The reader's reconnection time from now on, in whole milliseconds. `nil` leaves it unchanged.
  public var reconnectionTime: Duration?

  /// Creates an event.
  public init(data: String, type: EventType? = nil, id: EventID? = nil, reconnectionTime: Duration? = nil) {
    self.id = id
    self.type = type
    self.data = data
    self.reconnectionTime = reconnectionTime
  }
}

extension ServerSentEvent: Hashable {
  /// Returns whether both have the same bytes and the same reconnection time.
  public static func == (left: ServerSentEvent, right: ServerSentEvent) -> Bool {
    left.id == right.id && left.type == right.type && left.data.hasSameBytes(as: right.data)
      && left.reconnectionTime == right.reconnectionTime
  }

  /// Hashes the bytes and the reconnection time.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(id)
    hasher.combine(type)
    data.hashBytes(into: &hasher)
    hasher.combine(reconnectionTime)
  }
}

/// A type whose values can be published as events.
public protocol ServerSentEventConvertible {
  /// The event. Publishing rethrows its errors.
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
