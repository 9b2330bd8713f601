internal import EventSourceFormat

/// Elements that are handed over together. Elements of a stream are created when the reader requests them.
final class ElementBatch: Sendable {
  private let elements: [EventSource.Element]
  private let parsed: ParsedElements
  private let stream: OpenedStream?
  /// The number of elements, at least one.
  let count: Int

  /// Creates a batch of existing elements.
  init(_ elements: [EventSource.Element]) {
    self.elements = elements
    (parsed, stream) = (ParsedElements([], capacity: 0), nil)
    count = elements.count
  }

  /// Creates a batch of parsed elements, none of which is a gap.
  init(_ parsed: ParsedElements, of stream: OpenedStream) {
    (self.parsed, self.stream) = (parsed, stream)
    elements = []
    count = parsed.count
  }

  subscript(index: Int) -> EventSource.Element {
    guard let stream else { return elements[index] }
    if let event = parsed.event(at: index) { return .event(EventSource.Message(event, in: stream)) }
    return .comment(parsed.comment(at: index) ?? "")
  }

  /// Returns the last event ID after the events before an index, or `nil` if there are none.
  func lastEventID(before index: Int) -> String? {
    if stream != nil { return parsed.lastEventID(before: index) }
    for element in elements[..<index].reversed() {
      if case .event(let message) = element { return message.lastEventID }
    }
    return nil
  }
}
