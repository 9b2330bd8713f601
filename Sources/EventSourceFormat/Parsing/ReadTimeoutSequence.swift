/// A sequence of chunks that fails when the next chunk takes too long.
///
/// The chunks are read by a task of the sequence's own, one when it is asked for and none ahead. That task is canceled
/// when a chunk takes too long, when the reading task is canceled, and when nobody has the iterator any more.
public struct ReadTimeoutSequence<Chunks: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Chunks.Element: Sendable {
  /// A chunk.
  public typealias Element = Chunks.Element

  private let chunks: Chunks
  private let limit: Duration
  private let clock: any Clock<Duration>

  init(_ chunks: Chunks, _ limit: Duration, _ clock: any Clock<Duration>) {
    self.chunks = chunks
    // Clocks trap on times near their limits.
    self.limit = Swift.min(Swift.max(limit, .zero), .seconds(10 * 365 * 86_400))
    self.clock = clock
  }

  /// What ends a wait for a chunk; it has the number of the wait that it belongs to.
  private enum Outcome: Sendable {
    case chunk(Element)
    case end
    case failed(any Error)
    case timedOut
  }

  /// The task that reads; it ends with this object.
  private final class Reader: Sendable {
    let wants: AsyncStream<Int>.Continuation
    let outcomes: AsyncStream<(Int, Outcome)>.Continuation
    private let task: Task<Void, Never>

    init(_ chunks: Chunks, _ outcomes: AsyncStream<(Int, Outcome)>.Continuation) {
      let (requests, wants) = AsyncStream<Int>.makeStream()
      self.wants = wants
      self.outcomes = outcomes
      task = Task {
        var iterator = chunks.makeAsyncIterator()
        for await number in requests {
          do {
            guard let chunk = try await iterator.next() else {
              outcomes.yield((number, .end))
              return
            }
            outcomes.yield((number, .chunk(chunk)))
          } catch {
            outcomes.yield((number, .failed(error)))
            return
          }
        }
      }
    }

    deinit { cancel() }

    func cancel() { task.cancel() }
  }

  /// One reading of the chunks.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let reader: Reader
    private var outcomes: AsyncStream<(Int, Outcome)>.Iterator
    private let limit: Duration
    private let clock: any Clock<Duration>
    private var number = 0
    private var isOver = false

    fileprivate init(_ sequence: ReadTimeoutSequence) {
      let (outcomes, continuation) = AsyncStream<(Int, Outcome)>.makeStream()
      reader = Reader(sequence.chunks, continuation)
      self.outcomes = outcomes.makeAsyncIterator()
      limit = sequence.limit
      clock = sequence.clock
    }

    /// Returns the next chunk; nil at the end, and after an error.
    ///
    /// - Throws: ``EventStreamReadError/timedOut(after:)``, what the chunks throw, and `CancellationError`.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
      if isOver { return nil }
      number += 1
      let current = number
      reader.wants.yield(current)
      let timer = Task { [limit, clock, outcomes = reader.outcomes] in
        guard (try? await clock.sleep(for: limit)) != nil else { return }
        outcomes.yield((current, .timedOut))
      }
      defer { timer.cancel() }
      while let (number, outcome) = await outcomes.next(isolation: actor) {
        // A timer may have fired beside the chunk that ended its wait.
        guard number == current else { continue }
        if case .chunk(let chunk) = outcome { return chunk }
        isOver = true
        reader.cancel()
        switch outcome {
        case .chunk, .end: return nil
        case .failed(let error): throw error
        case .timedOut: throw EventStreamReadError.timedOut(after: limit)
        }
      }
      isOver = true
      reader.cancel()
      throw CancellationError()
    }
  }

  /// Begins a reading.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

extension AsyncSequence where Self: Sendable, Element: Sendable {
  /// The same elements, with an error when the next one takes longer than a time:
  /// `chunks.withReadTimeout(.seconds(30)).serverSentEvents()`.
  ///
  /// Only the wait for the next chunk counts, not the time that the consumer takes. It costs a task for each reading,
  /// and a timer for each chunk.
  ///
  /// - Parameters:
  ///   - limit: How long the stream may be silent; times of more than ten years count as ten years.
  ///   - clock: Measures the time.
  public func withReadTimeout(
    _ limit: Duration, clock: any Clock<Duration> = ContinuousClock()
  ) -> ReadTimeoutSequence<Self> {
    ReadTimeoutSequence(self, limit, clock)
  }
}
