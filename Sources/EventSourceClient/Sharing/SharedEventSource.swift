/// One source, and one connection, that several consumers read: each receives everything from when it begins.
///
///     let shared = EventSource(url).share()
///     let prices = Task { for try await message in shared.events { … } }
///     let log = Task { for try await element in shared.elements { … } }
///
/// Nothing is read, and nothing lost, while there is no consumer. A consumer that leaves its loop, or whose task is
/// canceled, leaves the others alone. The source closes when nobody holds this object and the last consumer is gone, or
/// by ``EventSource/close()``. Its end and its error reach every consumer, also those that begin later.
///
/// An event counts as processed, for ``EventSource/Configuration/lastEventIDStore``, when every consumer has it in its
/// buffer. Where that is too early, set ``EventSource/Configuration/commitsExplicitly``.
public final class SharedEventSource: Sendable {
  /// What happens when a consumer's buffer is full.
  public enum FullBufferPolicy: Sendable, Hashable {
    /// Reading waits for that consumer, and so do the server and all other consumers: nothing is lost.
    case wait
    /// That consumer's oldest elements are dropped. Its next element is a ``EventSource/Element/gap(_:)`` with an empty
    /// channel, which only ``elements`` show.
    case dropOldest
    /// That consumer's loop throws a ``SubscriptionError`` with the code `tooSlow`, after what is in its buffer.
    case fail
  }

  /// The source; for ``EventSource/restart()``, ``EventSource/close()`` and its state.
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

  /// The events, for one consumer at each call.
  public var events: Events { Events(elements: elements) }

  /// Everything that happens, for one consumer at each call. A consumer begins when its loop does.
  public var elements: Elements { Elements(shared: self) }

  /// Everything that happens, as one consumer sees it.
  public struct Elements: AsyncSequence, Sendable {
    fileprivate let shared: SharedEventSource

    /// Begins: what comes from now on is this consumer's.
    public func makeAsyncIterator() -> Iterator { Iterator(place: Place(shared)) }

    /// One consumer.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate let place: Place

      /// Returns the next element; nil at the end, and in a canceled task, which ends this consumer only.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source, or with which this consumer ended, once.
      public mutating func next() async throws -> EventSource.Element? { try await place.next() }
    }
  }

  /// The events, as one consumer sees them.
  public struct Events: AsyncSequence, Sendable {
    fileprivate let elements: Elements

    /// Begins: what comes from now on is this consumer's.
    public func makeAsyncIterator() -> Iterator { Iterator(elements: elements.makeAsyncIterator()) }

    /// One consumer.
    public struct Iterator: AsyncIteratorProtocol {
      fileprivate var elements: Elements.Iterator

      /// Returns the next event; nil at the end, and in a canceled task, which ends this consumer only.
      ///
      /// - Throws: The ``SubscriptionError`` that closed the source, or with which this consumer ended, once.
      public mutating func next() async throws -> EventSource.Message? {
        while let element = try await elements.next() {
          if case .event(let message) = element { return message }
        }
        return nil
      }
    }
  }

  /// A consumer's place, which it leaves when nobody has its iterator any more.
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
  /// Makes this source readable by several consumers. It takes the source's one place of a reader.
  ///
  /// - Parameters:
  ///   - limit: How many elements each consumer may be behind; at least 1.
  ///   - policy: What happens when a consumer is further behind.
  public func share(
    bufferingUpTo limit: Int = 256, whenFull policy: SharedEventSource.FullBufferPolicy = .wait
  ) -> SharedEventSource {
    SharedEventSource(self, limit: max(limit, 1), policy: policy)
  }
}
