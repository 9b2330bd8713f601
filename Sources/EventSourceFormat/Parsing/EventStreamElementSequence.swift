/// The elements of an event stream whose bytes come as a sequence of chunks.
///
/// Nothing is read ahead: the next chunk is asked for when everything in those before has been given out. A sequence of
/// single bytes is better collected into chunks first; one call per byte is slow however it is parsed.
public struct EventStreamElementSequence<Chunks: AsyncSequence>: AsyncSequence
where Chunks.Element: Sequence<UInt8> {
  /// What the sequence gives.
  public typealias Element = EventStreamParser.Element

  private let chunks: Chunks
  private let parser: EventStreamParser
  private let unfinished: EventStreamParser.UnfinishedEvent

  init(_ chunks: Chunks, _ parser: EventStreamParser, _ unfinished: EventStreamParser.UnfinishedEvent) {
    self.chunks = chunks
    self.parser = parser
    self.unfinished = unfinished
  }

  /// One reading of the stream.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private var chunks: Chunks.AsyncIterator
    private var parser: EventStreamParser
    private var elements: [Element] = []
    private var next = 0
    /// What the parser threw after the elements that it gave out before.
    private var failure: (any Error)?
    private let unfinished: EventStreamParser.UnfinishedEvent

    fileprivate init(
      _ chunks: Chunks.AsyncIterator, _ parser: EventStreamParser, _ unfinished: EventStreamParser.UnfinishedEvent
    ) {
      self.chunks = chunks
      self.parser = parser
      self.unfinished = unfinished
    }

    /// Returns the next element; nil at the end of the chunks.
    ///
    /// - Throws: What the chunks throw; ``EventStreamReadError/truncated``, once, if they end in the middle of an
    ///   event; and ``EventStreamParserError``, after which it throws the same again.
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

  /// Begins a reading.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks.makeAsyncIterator(), parser, unfinished) }
}

extension EventStreamElementSequence: Sendable where Chunks: Sendable {}

extension AsyncSequence where Element: Sequence<UInt8> {
  /// The events, reconnection times and, if asked for, comments of the event stream whose bytes these are.
  ///
  /// - Parameters:
  ///   - lastEventID: The last event ID that the reader has already.
  ///   - limits: How much memory the stream may make the parser use.
  ///   - reportsComments: Whether comments are among the elements.
  ///   - unfinishedEvent: What becomes of an event that the end of the chunks cuts off.
  public func eventStreamElements(
    lastEventID: String = "", limits: EventStreamParser.Limits = .init(), reportsComments: Bool = false,
    unfinishedEvent: EventStreamParser.UnfinishedEvent = .throwsError
  ) -> EventStreamElementSequence<Self> {
    EventStreamElementSequence(
      self, EventStreamParser(lastEventID: lastEventID, limits: limits, reportsComments: reportsComments),
      unfinishedEvent)
  }

  /// The events of the event stream whose bytes these are.
  ///
  /// - Parameters:
  ///   - lastEventID: The last event ID that the reader has already.
  ///   - limits: How much memory the stream may make the parser use.
  ///   - unfinishedEvent: What becomes of an event that the end of the chunks cuts off.
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
