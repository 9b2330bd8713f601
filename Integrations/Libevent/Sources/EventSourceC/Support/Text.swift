import CEventSource
import EventSourceFormat
package import EventSourceServer
import Glibc

/// Reads and validates texts from a C program.
package enum Text {
  /// The maximum length of a text that ends with NUL. A longer one is assumed to lack its NUL.
  private static let maximumBytes = 1 << 16

  /// Reads a text that ends with NUL.
  package static func required(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(Failure) -> String {
    guard let text = try optional(pointer, name) else { throw Failure(.nullArgument, "\(name) is NULL") }
    return text
  }

  /// Reads a text that ends with NUL. Returns nil for NULL.
  package static func optional(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(Failure) -> String? {
    guard let pointer else { return nil }
    let length = strnlen(pointer, maximumBytes)
    guard length < maximumBytes else {
      throw Failure(.invalidText, "\(name) has \(maximumBytes) bytes or more, or does not end with NUL")
    }
    return try counted(pointer, length, name)
  }

  /// Reads a text with a length.
  package static func counted(_ pointer: UnsafePointer<CChar>?, _ length: Int, _ name: String) throws(Failure) -> String
  {
    guard length > 0 else { return "" }
    let bytes = UnsafeRawBufferPointer(start: try EventSourceC.required(pointer, name), count: length)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.invalidText, "\(name) is not UTF-8")
    }
    return text
  }

  /// Reads the name of a channel.
  package static func channel(_ pointer: UnsafePointer<CChar>?) throws -> ChannelName {
    try ChannelName(required(pointer, "the channel's name"))
  }

  /// Reads the names of channels. The list may be empty.
  static func channels(_ pointer: UnsafePointer<UnsafePointer<CChar>?>, _ count: Int) throws -> [ChannelName] {
    guard (0...maximumBytes).contains(count) else {
      throw Failure(.invalidValue, "there cannot be \(UInt(bitPattern: count)) channels")
    }
    return try UnsafeBufferPointer(start: pointer, count: count).map { try channel($0) }
  }

  /// Reads an event with at most `maximumBytes` bytes of data.
  static func event(_ event: es_event, maximumBytes: Int) throws -> ServerSentEvent {
    // A size_t arrives as an Int, so one that is too large is negative.
    guard (0...maximumBytes).contains(event.data_length) else {
      let length = UInt(bitPattern: event.data_length)
      throw Failure(.limitExceeded, "the event has \(length) bytes of data; the limit is \(maximumBytes)")
    }
    guard event.retry_ms >= ES_RETRY_AT_ONCE else {
      throw Failure(.invalidValue, "the event's retry_ms is \(event.retry_ms)")
    }
    return ServerSentEvent(
      data: try counted(event.data, event.data_length, "the event's data"),
      type: try optional(event.type, "the event's type").map { try EventType($0) },
      id: try optional(event.id, "the event's id").map { try EventID($0) },
      reconnectionTime: event.retry_ms == 0 ? nil : .milliseconds(max(0, event.retry_ms)))
  }

  /// Reads the events of an answer, and checks that each has an ID if IDs are required.
  static func events(
    _ events: UnsafePointer<es_event>?, _ count: Int, of answer: String, needIDs: Bool
  ) throws -> [ServerSentEvent] {
    guard (0...mostEvents).contains(count) else {
      throw Failure(.invalidValue, "a \(answer) cannot have \(UInt(bitPattern: count)) events")
    }
    guard count > 0 else { return [] }
    return try es_event.array(EventSourceC.required(events, "events"), count: count).enumerated().map { index, event in
      let event = try Self.event(event, maximumBytes: mostEventBytes)
      guard !needIDs || event.id?.rawValue.isEmpty == false else {
        throw Failure(.invalidText, "event \(index) of the \(answer) has no ID, which readers need to resume")
      }
      return event
    }
  }

  /// More than any hub requests. A larger count is an error of the program.
  private static let mostEvents = 1 << 16
  /// The largest event that any hub accepts.
  private static let mostEventBytes = 1 << 30

  /// Reads fields.
  static func fields(_ fields: UnsafePointer<es_field>?, _ count: Int) throws -> [HeaderField] {
    guard count > 0 else { return [] }
    guard count <= maximumBytes else { throw Failure(.invalidValue, "there are \(count) fields") }
    return try UnsafeBufferPointer(start: EventSourceC.required(fields, "fields"), count: count).map {
      try HeaderField(required($0.name, "a field's name"), required($0.value, "a field's value"))
    }
  }
}

/// Texts for a C program, freed with this object.
final class LentText {
  private var pointers: [UnsafeMutableRawPointer] = []

  deinit {
    for pointer in pointers { free(pointer) }
  }

  func pointer(_ text: String) -> UnsafePointer<CChar> {
    // Running out of memory ends the program, as everywhere in Swift.
    let copy = strdup(text)!
    pointers.append(copy)
    return UnsafePointer(copy)
  }

  func array<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let memory = malloc(max(1, elements.count) * MemoryLayout<Element>.stride)!
    pointers.append(memory)
    let array = memory.bindMemory(to: Element.self, capacity: elements.count)
    array.initialize(from: elements, count: elements.count)
    return UnsafePointer(array)
  }

  /// A request, without the channels.
  func request(_ request: any EventStreamRequest) -> es_request {
    var lent = es_request()
    lent.size = MemoryLayout<es_request>.size
    lent.method = pointer(request.method)
    lent.target = pointer(request.target)
    lent.peer = request.peer.map { pointer($0) }
    let fields = request.fields.map { (name: $0.name, value: $0.value) }
    lent.fields = self.fields(fields)
    lent.field_count = fields.count
    return lent
  }

  func fields(_ fields: [(name: String, value: String)]) -> UnsafePointer<es_field> {
    array(fields.map { es_field(name: pointer($0.name), value: pointer($0.value)) })
  }
}
