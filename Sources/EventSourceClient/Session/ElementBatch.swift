internal import EventSourceFormat

/// Elements that are handed over together. Those of a stream are made when the reader takes them.
final class ElementBatch: Sendable {
  private let elements: [EventSource.Element]
  private let parsed: ParsedElements
  private let stream: OpenedStream?
  /// How many there are; at least one.
  let count: Int

  /// A batch of elements that are there.
  init(_ elements: [EventSource.Element]) {
    self.elements = elements
    (parsed, stream) = (ParsedElements([], capacity: 0), nil)
    count = elements.count
  }

  /// A batch of what was parsed, which has no gap.
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

  /// The last event ID of the last event before an index; nil: there is no event before it.
  func lastEventID(before index: Int) -> String? {
    if stream != nil { return parsed.lastEventID(before: index) }
    for element in elements[..<index].reversed() {
      if case .event(let message) = element { return message.lastEventID }
    }
    return nil
  }
}
