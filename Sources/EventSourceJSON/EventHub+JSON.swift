public import EventSourceFormat
public import EventSourceServer
public import Foundation

extension EventHub {
  /// Publishes a value as an event with the value's JSON as data. Safe to call from any thread. Never waits for a
  /// reader.
  ///
  /// ```swift
  /// try hub.publish(json: price, type: "price", to: "prices")
  /// ```
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - type: The event's type. `nil` means `message`.
  ///   - id: The event's ID. `nil` lets the hub generate one.
  ///   - name: The channel.
  ///   - key: The key, for channels whose slow readers get only the newest event of each. `nil` means the type.
  ///   - encoder: Encodes the value once for all readers. Pretty-printed JSON becomes data of several lines, which
  ///     readers get unchanged.
  /// - Returns: The event's ID: its own, or the one that the hub generated.
  /// - Throws: Any error from encoding the value, and the errors of `publish(_:to:key:)`. If it throws, nothing was
  ///   sent.
  @discardableResult
  public func publish(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, to name: ChannelName, key: String? = nil,
    encoder: JSONEncoder = JSONEncoder()
  ) throws -> EventID {
    try publish(ServerSentEvent(json: value, type: type, id: id, encoder: encoder), to: name, key: key)
  }

  /// Publishes a value as JSON and waits until the event has reached a milestone.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - type: The event's type. `nil` means `message`.
  ///   - id: The event's ID. `nil` lets the hub or its repository generate one.
  ///   - name: The channel.
  ///   - key: The key, for channels whose slow readers get only the newest event of each. `nil` means the type.
  ///   - milestone: When to return.
  ///   - encoder: Encodes the value once for all readers.
  /// - Returns: The event's ID.
  /// - Throws: Any error from encoding the value, and the errors of `publish(_:to:key:awaiting:)`.
  @discardableResult
  public func publish(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, to name: ChannelName, key: String? = nil,
    awaiting milestone: Milestone, encoder: JSONEncoder = JSONEncoder()
  ) async throws -> EventID {
    let event = try ServerSentEvent(json: value, type: type, id: id, encoder: encoder)
    return try await publish(event, to: name, key: key, awaiting: milestone)
  }
}
