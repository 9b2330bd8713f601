import Synchronization

public import Foundation

/// A reader of an event stream, which stays connected (WHATWG HTML 9.2).
///
///     let source = EventSource(URL(string: "https://example.org/events")!)
///     for try await message in source.events {
///       print(message.type, message.data)
///     }
///
/// It connects when somebody begins to read, and again whenever a stream ends or breaks, with the last event ID; it
/// reads from the socket only as fast as it is read from. There is one reader. Leaving the loop, canceling its task,
/// calling ``close()`` and letting go of the source all close the socket at once. All methods from any thread.
public final class EventSource: Sendable {
  /// What is asked for.
  public var request: EventSourceRequest { session.request }
  /// How it connects, waits and ends.
  public var configuration: Configuration { session.configuration }

  let session: EventSourceSession
  private let isRead = Atomic(false)

  /// What brings the bytes when nothing else is said, without any package: libcurl on Linux, `URLSession` elsewhere
  /// and in static programs with Musl. One for all sources.
  public static let defaultTransport: any EventSourceTransport = {
    #if os(Linux) && !canImport(Musl)
      CurlTransport()
    #else
      URLSessionTransport()
    #endif
  }()

  /// The `User-Agent` of requests that name no other: this package and its version.
  public static let userAgent = "EventSourceKit/0.1.0"

  /// Makes a source; it does not connect yet.
  ///
  /// - Parameters:
  ///   - request: What is asked for on each attempt.
  ///   - configuration: How it connects, waits and ends. An invalid one is a mistake of the programmer and stops the
  ///     program, so call ``Configuration/validate()`` first on one that a person has written.
  ///   - transport: The HTTP client.
  public init(
    _ request: EventSourceRequest, configuration: Configuration = Configuration(),
    transport: any EventSourceTransport = EventSource.defaultTransport
  ) {
    do {
      try configuration.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    session = EventSourceSession(request, configuration, transport)
  }

  /// Makes a source for a URL.
  public convenience init(
    _ url: URL, configuration: Configuration = Configuration(),
    transport: any EventSourceTransport = EventSource.defaultTransport
  ) {
    self.init(EventSourceRequest(url), configuration: configuration, transport: transport)
  }

  deinit { session.close() }

  /// What it is doing (WHATWG HTML 9.2.2).
  public var readyState: ReadyState {
    switch session.state {
    case .idle, .connecting, .waiting: .connecting
    case .open: .open
    case .closed: .closed
    }
  }

  /// The ID of the last event that the reader was given, or the one to begin with; empty: there is none.
  public var lastEventID: String { session.lastEventID }

  /// Closes the connection at once and for good; nothing is delivered after it but the end. Harmless when repeated.
  public func close() { session.close() }

  /// Drops the connection, or the wait for one, and connects at once, with the last event ID.
  public func restart() { session.restart() }

  /// Sends log records elsewhere from now on, instead of to ``Configuration/logger``; nil: nowhere.
  public func setLogger(_ logger: (@Sendable (EventSourceLogRecord) -> Void)?) { session.logger = logger }

  /// Marks a message and all before it as processed: saves its ID in ``Configuration/lastEventIDStore``.
  ///
  /// An ID that is saved already is not saved again. Neither is one that no request can carry, because nothing could
  /// continue after it; that is logged. It may be called after the source was closed. Await one call before the next.
  ///
  /// - Throws: What the store throws.
  public func commit(_ message: Message) async throws { try await session.commit(message.lastEventID) }

  /// The events, until the source is closed; throws the ``SubscriptionError`` that closes it.
  ///
  /// Gaps, comments and reconnects are seen in ``elements`` only. If there is a store of last event IDs, a loop that
  /// ends after an event has not saved that event's ID: see ``Configuration/lastEventIDStore``.
  public var events: Events { Events(elements: elements) }

  /// Everything that happens, until the source is closed.
  public var elements: Elements { Elements(source: self) }

  /// Takes the one place of a reader.
  fileprivate func beginReading() throws(SubscriptionError) {
    guard !isRead.exchange(true, ordering: .relaxed) else {
      throw SubscriptionError(
        .severalConsumers, "an event source has one consumer; make another source for another consumer")
    }
    session.start()
  }

  /// Everything that happens to a source, in order.
  public struct Elements: AsyncSequence, Sendable {
    fileprivate let source: EventSource

    /// Begins to read, when the first element is asked for.
    public func makeAsyncIterator() -> Iterator { Iterator(source) }

    /// The one reader of a source.
    public struct Iterator: AsyncIteratorProtocol {
      private let reading: Reading
      private var batch: [Element] = []
      private var index = 0
      private var hasBegun = false

      fileprivate init(_ source: EventSource) { reading = Reading(source) }

      /// Returns the next element; nil at the end. In a canceled task it closes the source and returns nil, whatever
      /// has been received already.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source, once; one with the code `severalConsumers` while
      ///   another call waits.
      public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> Element? {
        if let element = nextReceived() { return element }
        return try await nextWithCare(isolation: actor)
      }

      /// The next element of those that were received together, if it needs neither a wait nor a decision.
      @inline(__always)
      fileprivate mutating func nextReceived() -> Element? {
        guard index < batch.count, !reading.commitsImplicitly, !Task.isCancelled else { return nil }
        let session = reading.source.session
        guard !session.wasClosedByCaller else { return nil }
        defer { index += 1 }
        session.delivery.advance(to: index + 1)
        return batch[index]
      }

      private mutating func nextWithCare(isolation actor: isolated (any Actor)?) async throws -> Element? {
        try begin()
        if Task.isCancelled {
          reading.source.close()
          return nil
        }
        if reading.commitsImplicitly { try await reading.commit() }
        while true {
          if index == batch.count {
            try await receive(isolation: actor)
            guard !batch.isEmpty, !Task.isCancelled else { return nil }
          }
          if let element = take() { return element }
        }
      }

      @inline(never)
      private mutating func begin() throws {
        guard !hasBegun else { return }
        try reading.source.beginReading()
        hasBegun = true
        reading.hasBegun.store(true, ordering: .relaxed)
      }

      /// Waits for what is received next; nothing: the end.
      @inline(never)
      private mutating func receive(isolation actor: isolated (any Actor)?) async throws {
        let session = reading.source.session
        session.delivery.finishBatch()
        batch = []
        index = 0
        batch = try await withTaskCancellationHandler {
          try await session.handoff.receive()
        } onCancel: {
          session.close()
        }
        session.delivery.begin(batch)
      }

      /// Takes the next element; nil: it is not delivered.
      @inline(never)
      private mutating func take() -> Element? {
        let session = reading.source.session
        let element = batch[index]
        index += 1
        if session.wasClosedByCaller, reading.isDropped(element) { return nil }
        session.delivery.advance(to: index)
        if case .event(let message) = element { reading.gave(message) }
        return element
      }

      /// The next element, wherever this is called.
      public mutating func next() async throws -> Element? { try await next(isolation: nil) }
    }
  }

  /// The events of a source.
  public struct Events: AsyncSequence, Sendable {
    fileprivate let elements: Elements

    /// Begins to read, when the first event is asked for.
    public func makeAsyncIterator() -> Iterator { Iterator(elements: elements.makeAsyncIterator()) }

    /// The one reader of a source.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate var elements: Elements.Iterator

      /// The next event; nil at the end, also when the task is canceled.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source, once.
      public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> Message? {
        while let element = elements.nextReceived() {
          if case .event(let message) = element { return message }
        }
        while let element = try await elements.next(isolation: actor) {
          if case .event(let message) = element { return message }
        }
        return nil
      }

      /// The next event, wherever this is called.
      public mutating func next() async throws -> Message? { try await next(isolation: nil) }
    }
  }
}

/// Somebody reads: when they let go of it, the source closes.
private final class Reading: Sendable {
  let source: EventSource
  let hasBegun = Atomic(false)
  /// The ID of the message that the reader is dealing with, if it is to be stored.
  private let uncommitted = Mutex<String?>(nil)

  /// Whether a message counts as dealt with when the next one is asked for, and somebody wants to know.
  let commitsImplicitly: Bool

  init(_ source: EventSource) {
    self.source = source
    commitsImplicitly = source.configuration.lastEventIDStore != nil && !source.configuration.commitsExplicitly
  }

  deinit { if hasBegun.load(ordering: .relaxed) { source.close() } }

  func gave(_ message: EventSource.Message) {
    guard commitsImplicitly else { return }
    let id = message.lastEventID
    uncommitted.withLock { $0 = id }
  }

  /// The reader asks for more: it has processed what it was given. Closing the source and canceling the task end the
  /// wait for the store.
  @inline(never)
  func commit() async throws {
    guard let id = uncommitted.withLock({ $0.take() }) else { return }
    do {
      try await source.session.commitUntilClosed(id)
    } catch is CancellationError {
      source.close()
    } catch {
      source.close()
      throw SubscriptionError(.store, "the last event ID cannot be saved", underlying: error)
    }
  }

  /// What is not delivered after ``EventSource/close()``: all but the end.
  func isDropped(_ element: EventSource.Element) -> Bool {
    if case .closed = element { false } else { true }
  }
}
