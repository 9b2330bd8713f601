/// One source with one connection that several consumers read. Each consumer receives everything from the moment it
/// begins.
///
///     let shared = EventSource(url).share()
///     let prices = Task { for try await message in shared.events { … } }
///     let log = Task { for try await element in shared.elements { … } }
///
/// While there is no consumer, nothing is read and nothing is lost. A consumer that leaves its loop or whose task is
/// cancelled does not affect the others. The source closes when this object has been released and the last consumer has
/// left, or when ``EventSource/close()`` is called. Its end or error reaches every consumer, including those that begin
/// later.
///
/// For ``EventSource/Configuration/lastEventIDStore``, an event counts as processed when it is in the buffer of every
/// consumer. If that is too early, set ``EventSource/Configuration/acknowledgement-swift.property``.
public final class SharedEventSource: Sendable {
  /// What happens when a consumer's buffer is full.
  public enum FullBufferPolicy: Sendable, Hashable {
    /// Reading waits for that consumer. The server and all other consumers wait too, and nothing is lost.
    case wait
    /// That consumer's oldest elements are dropped. Its next element is a ``EventSource/Element/gap(_:)`` with an empty
    /// channel. Only ``elements`` delivers gaps.
    case dropOldest
    /// That consumer's loop throws a ``SubscriptionError`` with the code `tooSlow` after the elements in its buffer.
    case fail
  }

  /// The source. Use it for ``EventSource/restart()``, ``EventSource/close()`` and its state.
  public let source: EventSource
  let broadcast: ElementBroadcast
  private let task: Task<Void, Never>

  init(_ source: EventSource, limit: Int, policy: FullBufferPolicy) {
    self.source = source
    let broadcast = ElementBroadcast(limit: limit, policy: policy)
    self.broadcast = broadcast
    task = Task {
      do {
        var elements = source.elements.makeAsyncIterator()
        while await broadcast.hasRoom() {
          guard let element = try await elements.next() else { break }
          await broadcast.send(element)
        }
        broadcast.finish(nil)
      } catch {
        broadcast.finish(error)
      }
    }
  }

  deinit { task.cancel() }

  /// The events. Each access is for one consumer.
  public var events: Events { Events(elements: elements) }

  /// All elements. Each access is for one consumer, which begins when its loop begins.
  public var elements: Elements { Elements(shared: self) }

  /// All elements, as one consumer receives them.
  public struct Elements: AsyncSequence, Sendable {
    fileprivate let shared: SharedEventSource

    /// Adds a consumer, which receives everything from now on.
    public func makeAsyncIterator() -> Iterator { Iterator(place: Place(shared)) }

    /// One consumer.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate let place: Place

      /// Returns the next element, or `nil` at the end and in a cancelled task. Cancellation ends only this consumer.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source or ended this consumer, once.
      public mutating func next() async throws -> EventSource.Element? { try await place.next() }
    }
  }

  /// The events, as one consumer receives them.
  public struct Events: AsyncSequence, Sendable {
    fileprivate let elements: Elements

    /// Adds a consumer, which receives everything from now on.
    public func makeAsyncIterator() -> Iterator { Iterator(elements: elements.makeAsyncIterator()) }

    /// One consumer.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate var elements: Elements.Iterator

      /// Returns the next event, or `nil` at the end and in a cancelled task. Cancellation ends only this consumer.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source or ended this consumer, once.
      public mutating func next() async throws -> EventSource.Message? {
        while let element = try await elements.next() {
          if case .event(let message) = element { return message }
        }
        return nil
      }
    }
  }

  /// The lifetime of a consumer. Releasing it removes the consumer.
  fileprivate final class Place: Sendable {
    private let shared: SharedEventSource
    private let number: Int

    init(_ shared: SharedEventSource) {
      self.shared = shared
      number = shared.broadcast.join()
    }

    deinit { shared.broadcast.leave(number) }

    func next() async throws -> EventSource.Element? { try await shared.broadcast.next(for: number) }
  }
}

extension EventSource {
  /// Makes this source readable by several consumers. The shared source becomes its one direct consumer.
  ///
  /// - Parameters:
  ///   - limit: The maximum number of elements that a consumer can be behind, at least 1.
  ///   - policy: What happens when a consumer's buffer is full.
  public func share(
    bufferingUpTo limit: Int = 256, whenFull policy: SharedEventSource.FullBufferPolicy = .wait
  ) -> SharedEventSource {
    SharedEventSource(self, limit: max(limit, 1), policy: policy)
  }
}
