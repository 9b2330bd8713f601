import Synchronization

internal import EventSourceFormat
public import Foundation

/// Reads an event stream and stays connected (WHATWG HTML 9.2).
///
///     let source = EventSource(URL(string: "https://example.org/events")!)
///     for try await message in source.events {
///       print(message.type, message.data)
///     }
///
/// It connects when the first element is requested, and reconnects with the last event ID whenever a stream ends or
/// breaks. It reads from the socket only as fast as its consumer reads. There is one consumer. Leaving the loop,
/// cancelling its task, calling ``close()`` or releasing the source closes the socket immediately. All methods can be
/// called from any thread.
public final class EventSource: Sendable {
  /// The request.
  public var request: SubscriptionRequest { session.request }
  /// The configuration.
  public var configuration: Configuration { session.configuration }

  let session: EventSourceSession
  private let isRead = Atomic(false)

  /// The default transport, shared by all sources: libcurl on Linux, `URLSession` elsewhere and in static programs with
  /// Musl. Needs no package dependency.
  public static let defaultTransport: any EventSourceTransport = {
    #if os(Linux) && !canImport(Musl)
      CurlTransport()
    #else
      URLSessionTransport()
    #endif
  }()

  /// The default `User-Agent`: this package and its version.
  public static let userAgent = "EventSourceKit/\(packageVersion)"

  /// Creates a source without connecting.
  ///
  /// - Parameters:
  ///   - request: The request of each attempt.
  ///   - configuration: How it connects, waits and ends. Traps if it is invalid. Call ``Configuration/validate()``
  ///     first for configurations that come from user input.
  ///   - transport: The HTTP client.
  public init(
    _ request: SubscriptionRequest, configuration: Configuration = Configuration(),
    transport: any EventSourceTransport = EventSource.defaultTransport
  ) {
    do {
      try configuration.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    session = EventSourceSession(request, configuration, transport)
  }

  /// Creates a source for a URL.
  public convenience init(
    _ url: URL, configuration: Configuration = Configuration(),
    transport: any EventSourceTransport = EventSource.defaultTransport
  ) {
    self.init(SubscriptionRequest(url), configuration: configuration, transport: transport)
  }

  deinit { session.close() }

  /// The source's state (WHATWG HTML 9.2.2).
  public var readyState: ReadyState {
    switch session.state {
    case .idle, .connecting, .waiting: .connecting
    case .open: .open
    case .closed: .closed
    }
  }

  /// The ID of the last delivered event or, before the first, the initial one. Empty if there is none.
  public var lastEventID: String { session.lastEventID }

  /// Closes the source immediately and permanently. Afterwards only the end is delivered. Further calls have no effect.
  public func close() { session.close() }

  /// Drops the connection or the current wait, and reconnects immediately with the last event ID.
  public func restart() { session.restart() }

  /// Replaces the logger, which initially is ``Configuration/logger``. `nil` disables logging.
  public func setLogger(_ logger: (@Sendable (EventSourceLogRecord) -> Void)?) { session.logger = logger }

  /// Marks a message and all before it as processed: saves its ID in ``Configuration/lastEventIDStore``.
  ///
  /// An ID is not saved twice. An ID that no request can carry is not saved but logged. You may call this after the
  /// source was closed. Await one call before the next.
  ///
  /// - Throws: Any error of the store.
  public func acknowledge(_ message: Message) async throws { try await session.commit(message.lastEventID) }

  /// The events until the source closes. Throws the ``SubscriptionError`` that closes it.
  ///
  /// Only ``elements`` also has gaps, comments and reconnects. With a store of last event IDs, a loop that ends after
  /// an event has not saved that event's ID: see ``Configuration/lastEventIDStore``.
  public var events: Events { Events(elements: elements) }

  /// All elements until the source closes.
  public var elements: Elements { Elements(source: self) }

  /// Claims the source for its only consumer.
  fileprivate func beginReading() throws(SubscriptionError) {
    guard !isRead.exchange(true, ordering: .relaxed) else {
      throw SubscriptionError(
        .alreadyConsumed, "an event source has one consumer; make another source for another consumer")
    }
    session.start()
  }

  /// All elements of a source, in order.
  public struct Elements: AsyncSequence, Sendable {
    fileprivate let source: EventSource

    /// Creates an iterator, which connects when the first element is requested.
    public func makeAsyncIterator() -> Iterator { Iterator(source) }

    /// The one reader of a source.
    public struct Iterator: AsyncIteratorProtocol {
      private let reading: Reading
      private var batch: ElementBatch?
      private var index = 0
      /// The number of elements in the batch.
      private var count = 0
      private var hasBegun = false

      fileprivate init(_ source: EventSource) { reading = Reading(source) }

      /// Returns the next element, or `nil` at the end. In a cancelled task it closes the source and returns `nil`,
      /// even if more has been received.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source, once, or one with the code `alreadyConsumed`
      ///   while another call is waiting.
      public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> Element? {
        if let element = nextReceived() { return element }
        return try await nextWithCare(isolation: actor)
      }

      /// Returns the next element of the current batch, or `nil` if that needs a wait or a decision.
      @inline(__always)
      fileprivate mutating func nextReceived() -> Element? {
        guard index < count, let batch, !reading.commitsImplicitly, !Task.isCancelled else { return nil }
        let session = reading.session
        guard !session.wasClosedByCaller else { return nil }
        index += 1
        session.delivery.advance(to: index)
        return batch[index - 1]
      }

      private mutating func nextWithCare(isolation actor: isolated (any Actor)?) async throws -> Element? {
        try begin()
        if Task.isCancelled {
          reading.source.close()
          return nil
        }
        if reading.commitsImplicitly { try await reading.commit() }
        while true {
          if index == count {
            try await receive(isolation: actor)
            guard batch != nil else { return nil }
            // The task may have been cancelled after the cancellation handler was removed.
            if Task.isCancelled {
              reading.source.close()
              return nil
            }
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

      /// Waits for the next batch. `batch` stays `nil` at the end.
      @inline(never)
      private mutating func receive(isolation actor: isolated (any Actor)?) async throws {
        let session = reading.session
        session.delivery.finishBatch()
        (batch, index, count) = (nil, 0, 0)
        var received = session.handoff.takeReady()
        if received == nil {
          received = try await withTaskCancellationHandler {
            try await session.handoff.receive()
          } onCancel: {
            session.close()
          }
        }
        batch = received
        count = received?.count ?? 0
        session.delivery.begin(received)
      }

      /// Consumes the next element. Returns `nil` if it must not be delivered.
      @inline(never)
      private mutating func take() -> Element? {
        guard let batch else { return nil }
        let session = reading.session
        let element = batch[index]
        index += 1
        if session.wasClosedByCaller, reading.isDropped(element) { return nil }
        session.delivery.advance(to: index)
        if case .event(let message) = element { reading.gave(message) }
        return element
      }

      /// Returns the next element, on no particular actor.
      public mutating func next() async throws -> Element? { try await next(isolation: nil) }
    }
  }

  /// The events of a source.
  public struct Events: AsyncSequence, Sendable {
    fileprivate let elements: Elements

    /// Creates an iterator, which connects when the first event is requested.
    public func makeAsyncIterator() -> Iterator { Iterator(elements: elements.makeAsyncIterator()) }

    /// The one reader of a source.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate var elements: Elements.Iterator

      /// Returns the next event, or `nil` at the end and in a cancelled task.
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

      /// Returns the next event, on no particular actor.
      public mutating func next() async throws -> Message? { try await next(isolation: nil) }
    }
  }
}

/// The lifetime of the consumer. Releasing it closes the source.
private final class Reading: Sendable {
  let source: EventSource
  let session: EventSourceSession
  let hasBegun = Atomic(false)
  /// The ID of the message being processed, if it must be stored.
  private let uncommitted = Mutex<String?>(nil)

  /// Whether requesting the next message marks the previous one as processed, and there is a store.
  let commitsImplicitly: Bool

  init(_ source: EventSource) {
    self.source = source
    session = source.session
    commitsImplicitly =
      source.configuration.lastEventIDStore != nil && source.configuration.acknowledgement == .automatic
  }

  deinit { if hasBegun.load(ordering: .relaxed) { source.close() } }

  func gave(_ message: EventSource.Message) {
    guard commitsImplicitly else { return }
    let id = message.lastEventID
    uncommitted.withLock { $0 = id }
  }

  /// Marks the previous message as processed. Closing the source or cancelling the task ends the wait for the store.
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

  /// Returns whether an element is dropped after ``EventSource/close()``. Only the end is not.
  func isDropped(_ element: EventSource.Element) -> Bool {
    if case .closed = element { false } else { true }
  }
}
