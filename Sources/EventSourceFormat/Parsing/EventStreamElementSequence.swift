/// The elements of an event stream whose bytes arrive as a sequence of chunks.
///
/// Nothing is read ahead: the next chunk is requested when all elements of the earlier ones have been returned. Collect
/// single bytes into chunks first (`chunkedByLines`), because one call per byte is slow.
public struct EventStreamElementSequence<Chunks: AsyncSequence>: AsyncSequence
where Chunks.Element: Sequence<UInt8> {
  /// The elements of the sequence.
  public typealias Element = EventStreamParser.Element

  private let chunks: Chunks
  private let parser: EventStreamParser
  private let unfinished: EventStreamParser.UnfinishedEvent

  init(_ chunks: Chunks, _ parser: EventStreamParser, _ unfinished: EventStreamParser.UnfinishedEvent) {
    self.chunks = chunks
    self.parser = parser
    self.unfinished = unfinished
  }

  /// An iterator over the elements.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private var chunks: Chunks.AsyncIterator
    private var parser: EventStreamParser
    private var elements: [Element] = []
    private var next = 0
    /// The parser's error, thrown after the elements that precede it.
    private var failure: (any Error)?
    private let unfinished: EventStreamParser.UnfinishedEvent

    fileprivate init(
      _ chunks: Chunks.AsyncIterator, _ parser: EventStreamParser, _ unfinished: EventStreamParser.UnfinishedEvent
    ) {
      self.chunks = chunks
      self.parser = parser
      self.unfinished = unfinished
    }

    /// Returns the next element, or `nil` at the end of the chunks.
    ///
    /// - Throws: Any error of the chunks; ``EventStreamReadError/truncated``, once, if the chunks end in the middle of
    ///   an event; and ``EventStreamParserError``, again on every further call.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
      while true {
        if next < elements.count {
          defer { next += 1 }
          return elements[next]
        }
        if let failure { throw failure }
        elements.removeAll(keepingCapacity: true)
        next = 0
        guard let chunk = try await chunks.next(isolation: actor) else {
          let isTruncated = parser.isInsideEvent && unfinished == .throwsError
          parser.finish()
          if isTruncated { throw EventStreamReadError.truncated }
          return nil
        }
        parse(chunk)
      }
    }

    private mutating func parse(_ chunk: Chunks.Element) {
      do {
        let isParsed: Void? = try chunk.withContiguousStorageIfAvailable { bytes in
          try parser.parse(UnsafeRawBufferPointer(bytes)) { elements.append($0) }
        }
        if isParsed == nil { try parser.parse(Array(chunk)) { elements.append($0) } }
      } catch {
        failure = error
      }
    }
  }

  /// Returns an iterator over the elements.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks.makeAsyncIterator(), parser, unfinished) }
}

extension EventStreamElementSequence: Sendable where Chunks: Sendable {}

extension AsyncSequence where Element: Sequence<UInt8> {
  /// The events, reconnection times and, if requested, comments of the event stream with these bytes.
  ///
  /// - Parameters:
  ///   - lastEventID: The reader's last event ID.
  ///   - limits: The limits on the parser's memory.
  ///   - reportsComments: Whether the elements include comments.
  ///   - unfinishedEvent: What happens to an event that the end of the chunks truncates.
  public func eventStreamElements(
    lastEventID: String = "", limits: EventStreamParser.Limits = .init(), reportsComments: Bool = false,
    unfinishedEvent: EventStreamParser.UnfinishedEvent = .throwsError
  ) -> EventStreamElementSequence<Self> {
    EventStreamElementSequence(
      self, EventStreamParser(lastEventID: lastEventID, limits: limits, reportsComments: reportsComments),
      unfinishedEvent)
  }

  /// The events of the event stream with these bytes.
  ///
  /// - Parameters:
  ///   - lastEventID: The reader's last event ID.
  ///   - limits: The limits on the parser's memory.
  ///   - unfinishedEvent: What happens to an event that the end of the chunks truncates.
  public func serverSentEvents(
    lastEventID: String = "", limits: EventStreamParser.Limits = .init(),
    unfinishedEvent: EventStreamParser.UnfinishedEvent = .throwsError
  ) -> AsyncCompactMapSequence<EventStreamElementSequence<Self>, ReceivedEvent> {
    eventStreamElements(lastEventID: lastEventID, limits: limits, unfinishedEvent: unfinishedEvent).compactMap {
      element in
      if case .event(let event) = element { event } else { nil }
    }
  }
}
