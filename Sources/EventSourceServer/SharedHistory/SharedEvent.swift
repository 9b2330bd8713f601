public import EventSourceFormat

/// An event of a shared channel, as stored.
public struct SharedEvent: Sendable, Hashable {
  /// Its place in the channel's order.
  public var position: SharedPosition
  /// The event, with its ID.
  public var event: ServerSentEvent
  /// The key from the publisher, for slow readers that get only the newest event of each key. `nil` means the event's
  /// type.
  public var key: String?

  /// Creates an event.
  public init(position: SharedPosition, event: ServerSentEvent, key: String? = nil) {
    self.position = position
    self.event = event
    self.key = key
  }
}

/// An event to be recorded in a shared channel.
public struct SharedPublication: Sendable, Hashable {
  /// The event. It keeps its ID if it has one.
  public var event: ServerSentEvent
  /// The key from the publisher, or `nil` if there is none.
  public var key: String?

  /// Creates a publication.
  public init(_ event: ServerSentEvent, key: String? = nil) {
    self.event = event
    self.key = key
  }
}

/// The position and the ID of an event in a shared channel.
public struct SharedPlace: Sendable, Hashable {
  /// The event's place in the channel's order.
  public var position: SharedPosition
  /// The event's ID.
  public var id: EventID

  /// Creates a place.
  public init(position: SharedPosition, id: EventID) {
    self.position = position
    self.id = id
  }
}
