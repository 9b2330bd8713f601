public import EventSourceFormat
public import Foundation

extension ServerSentEvent {
  /// Creates an event with a value's JSON (RFC 8259) as data, on one line unless the encoder pretty-prints.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - type: The event's type. `nil` means `message`.
  ///   - id: The event's ID.
  ///   - reconnectionTime: The reader's reconnection time from now on.
  ///   - encoder: Encodes the value. The default neither sorts keys nor writes dates in ISO 8601; pass an encoder with
  ///     the strategies that your readers expect.
  /// - Throws: Any error from encoding the value, for example for a number that is not finite.
  public init(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, reconnectionTime: Duration? = nil,
    encoder: JSONEncoder = JSONEncoder()
  ) throws {
    let data = String(decoding: try encoder.encode(value), as: UTF8.self)
    self.init(data: data, type: type, id: id, reconnectionTime: reconnectionTime)
  }

  /// Returns the data, decoded as JSON.
  ///
  /// - Throws: ``JSONError``, which names the place in the data.
  public func json<Value: Decodable>(
    as type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()
  ) throws(JSONError) -> Value {
    try JSONError.decode(type, from: Data(data.utf8), by: decoder)
  }
}

/// A value that is published as an event whose data is its JSON.
///
/// ```swift
/// struct Price: JSONEvent {
///   var symbol: String
///   var cents: Int
///   static let eventType: EventType? = "price"
/// }
/// try hub.publish(Price(symbol: "ABC", cents: 1250), to: "prices")
/// ```
public protocol JSONEvent: Encodable, ServerSentEventConvertible {
  /// The type of the events; nil: `message`.
  static var eventType: EventType? { get }
  /// The ID of this event; nil: the hub makes one.
  var eventID: EventID? { get }
}

extension JSONEvent {
  /// `message`.
  public static var eventType: EventType? { nil }
  /// None.
  public var eventID: EventID? { nil }

  /// The event, encoded by a `JSONEncoder` as it comes.
  public var serverSentEvent: ServerSentEvent {
    get throws { try ServerSentEvent(json: self, type: Self.eventType, id: eventID) }
  }
}
