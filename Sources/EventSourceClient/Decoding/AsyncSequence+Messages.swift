public import EventSourceFormat

extension AsyncSequence where Element == ReceivedEvent {
  /// Returns the events as messages that carry the head of their response. Use it for bytes that another HTTP client
  /// has received:
  ///
  ///     let (bytes, response) = try await URLSession.shared.bytes(for: request)
  ///     let head = ResponseHead(response as! HTTPURLResponse)
  ///     for try await message in bytes.chunkedByLines.serverSentEvents().messages(from: head) {
  ///       print(message.head.status, message.data)
  ///     }
  ///
  /// All messages share one reference to the head.
  public func messages(from head: ResponseHead) -> AsyncMapSequence<Self, EventSource.Message> {
    let stream = OpenedStream(head)
    return map { EventSource.Message($0, in: stream) }
  }
}
