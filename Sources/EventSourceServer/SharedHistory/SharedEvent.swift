public import EventSourceFormat

/// An event of a shared channel, as the store has it.
public struct SharedEvent: Sendable, Hashable {
  /// Its place in the channel's order.
  public var position: SharedPosition
  /// The event, with its ID.
  public var event: ServerSentEvent
  /// The key that its publisher named, for slow readers that get only the newest event of each; nil: its type.
  public var key: String?

  /// Creates an event.
  public init(position: SharedPosition, event: ServerSentEvent, key: String? = nil) {
    self.position = position
    self.event = event
    self.key = key
  }
}

/// An event that is to be recorded in a shared channel.
public struct SharedPublication: Sendable, Hashable {
  /// The event. If it has an ID, it keeps it.
  public var event: ServerSentEvent
  /// The key that the publisher named; nil: none.
  public var key: String?

  /// Creates a publication.
  public init(_ event: ServerSentEvent, key: String? = nil) {
    self.event = event
    self.key = key
  }
}

/// Where an event of a shared channel is, and its ID.
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
