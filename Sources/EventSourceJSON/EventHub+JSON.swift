public import EventSourceFormat
public import EventSourceServer
public import Foundation

extension EventHub {
  /// Publishes a value as an event whose data is its JSON. Any thread; never waits for a reader.
  ///
  /// ```swift
  /// try hub.publish(json: price, type: "price", to: "prices")
  /// ```
  ///
  /// - Parameters:
  ///   - key: What the event is about, for channels that give slow readers only the newest of each; nil: its type is.
  ///   - encoder: Encodes the value once, for all readers. One that prints prettily makes data of several lines, which
  ///     readers get as they are.
  /// - Returns: The event's ID: its own, or the one that the hub made for it.
  /// - Throws: What encoding throws, and what ``EventHub/publish(_:to:key:)`` throws; nothing is sent then.
  @discardableResult
  public func publish(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, to name: ChannelName, key: String? = nil,
    encoder: JSONEncoder = JSONEncoder()
  ) throws -> EventID {
    try publish(ServerSentEvent(json: value, type: type, id: id, encoder: encoder), to: name, key: key)
  }

  /// Publishes a value as JSON and waits: for the channel's repository, if that records, and for the lanes, if so
  /// asked.
  ///
  /// - Returns: The event's ID, when the milestone is reached.
  /// - Throws: What encoding throws, and what ``EventHub/publish(_:to:key:awaiting:)`` throws.
  @discardableResult
  public func publish(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, to name: ChannelName, key: String? = nil,
    awaiting milestone: Milestone, encoder: JSONEncoder = JSONEncoder()
  ) async throws -> EventID {
    let event = try ServerSentEvent(json: value, type: type, id: id, encoder: encoder)
    return try await publish(event, to: name, key: key, awaiting: milestone)
  }
}
