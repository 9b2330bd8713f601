import EventSourceClient
import Foundation
import Testing

/// Tests of one source with several consumers.
@Suite struct SharedSourceTests {
  private func source(
    _ count: Int, isStepped: Bool = false, _ change: (inout EventSource.Configuration) -> Void = { _ in }
  ) -> (EventSource, ChunkTransport) {
    let pieces = count == 0 ? [] : (1...count).map { "id: \($0)\ndata: \($0)\n\n" }
    let transport = ChunkTransport(isStepped: isStepped) { _, _ in pieces }
    let source = EventSource(URL(string: "http://x/")!, configuration: .quick(change), transport: transport)
    return (source, transport)
  }

  /// An iterator that is moved to another task.
  // Sendable without a lock, because one task uses it.
  private struct UncheckedBox: @unchecked Sendable {
    let value: SharedEventSource.Events.Iterator
    init(_ value: SharedEventSource.Events.Iterator) { self.value = value }
  }

  /// Returns the data of a consumer's next events.
  private func take(_ count: Int, _ iterator: inout SharedEventSource.Events.Iterator) async throws -> [String] {
    var data: [String] = []
    while data.count < count, let message = try await iterator.next() { data.append(message.data) }
    return data
  }

  /// Returns the data of a consumer's next events. Each arrives only when the consumer waits for it, so the consumer is
  /// never slow.
  private func take(
    _ count: Int, _ iterator: inout SharedEventSource.Events.Iterator, releasing transport: ChunkTransport
  ) async throws -> [String] {
    var data: [String] = []
    while data.count < count {
      transport.release()
      guard let message = try await iterator.next() else { break }
      data.append(message.data)
    }
    return data
  }

  @Test func everyConsumerReceivesEverythingOverOneConnection() async throws {
    let (source, transport) = source(1000)
    let shared = source.share()
    // All begin before any of them requests its first element.
    let iterators = (1...5).map { _ in UncheckedBox(shared.events.makeAsyncIterator()) }
    let counts = try await within {
      try await withThrowingTaskGroup(of: [String].self) { group in
        for box in iterators {
          group.addTask {
            var iterator = box.value
            return try await self.take(1000, &iterator)
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }
    #expect(counts == Array(repeating: (1...1000).map(String.init), count: 5))
    #expect(transport.attempts == 1)
  }

  @Test func nothingIsReadWhileThereIsNoConsumer() async throws {
    let (source, transport) = source(100)
    let shared = source.share(bufferingUpTo: 1)
    #expect(source.readyState == .connecting && transport.attempts == 0)
    var first: SharedEventSource.Events.Iterator? = shared.events.makeAsyncIterator()
    #expect(try await take(3, &first!) == ["1", "2", "3"])
    first = nil
    // An element without a consumer waits for the next consumer.
    var second = shared.events.makeAsyncIterator()
    let next = try #require(try await take(1, &second).first.flatMap { Int($0) })
    #expect(next <= 5)
    #expect(try await take(3, &second) == (1...3).map { "\(next + $0)" })
  }

  @Test func aConsumerThatWaitsMakesTheOthersWaitAndLosesNothing() async throws {
    let (source, transport) = source(1000)
    let shared = source.share(bufferingUpTo: 10, whenFull: .wait)
    var slow = shared.events.makeAsyncIterator()
    var fast = shared.events.makeAsyncIterator()
    // The opening of the stream is also an element.
    #expect(try await take(9, &fast) == (1...9).map(String.init))
    // The fast consumer is ahead by as much as the buffer of the slow one allows. The server waits.
    #expect(transport.given <= 14)
    #expect(try await take(9, &slow) == (1...9).map(String.init))
    #expect(try await take(5, &fast) == (10...14).map(String.init))
    #expect(try await take(5, &slow) == (10...14).map(String.init))
  }

  @Test func aConsumerWhoseOldestAreDroppedIsToldOfIt() async throws {
    let (source, transport) = source(1000, isStepped: true)
    let shared = source.share(bufferingUpTo: 10, whenFull: .dropOldest)
    var slow = shared.elements.makeAsyncIterator()
    var fast = shared.events.makeAsyncIterator()
    #expect(try await take(1000, &fast, releasing: transport).count == 1000)
    guard case .gap(let gap)? = try await slow.next() else { return #expect(Bool(false), "no gap") }
    #expect(gap.channel.isEmpty && gap.lastEventID == nil)
    var data: [String] = []
    while data.count < 10, case .event(let message)? = try await slow.next() { data.append(message.data) }
    #expect(data == (991...1000).map(String.init))
  }

  @Test func aConsumerThatIsTooSlowFailsAloneIfItShould() async throws {
    let (source, transport) = source(1000, isStepped: true)
    let shared = source.share(bufferingUpTo: 10, whenFull: .fail)
    var slow = shared.events.makeAsyncIterator()
    var fast = shared.events.makeAsyncIterator()
    #expect(try await take(1000, &fast, releasing: transport).count == 1000)
    // The elements in its buffer are still delivered.
    #expect(try await take(9, &slow) == (1...9).map(String.init))
    let error = await #expect(throws: SubscriptionError.self) { try await slow.next() }
    #expect(error?.code == .tooSlow)
    #expect(try await slow.next() == nil)
    #expect(source.readyState == .open)
  }

  @Test func aConsumerThatIsCanceledLeavesTheOthersAlone() async throws {
    let (source, _) = source(3)
    let shared = source.share(bufferingUpTo: 1)
    let (begun, hasBegun) = AsyncStream<Void>.makeStream()
    let canceled = Task {
      var count = 0
      for try await _ in shared.events {
        count += 1
        hasBegun.yield()
        if count == 1 { try await Task.sleep(for: .seconds(3600)) }
      }
      return count
    }
    for await _ in begun { break }
    var other = shared.events.makeAsyncIterator()
    canceled.cancel()
    await #expect(throws: CancellationError.self) { try await canceled.value }
    #expect(try await take(1, &other).count == 1)
    #expect(source.readyState == .open)
    let waiting = Task { try await shared.events.first { $0.data == "none" } }
    waiting.cancel()
    #expect(try await waiting.value == nil)
  }

  @Test func theEndAndTheErrorReachEveryConsumer() async throws {
    for isClosed in [true, false] {
      let transport = ChunkTransport { _, _ in isClosed ? ["data: x\n\n"] : nil }
      let source = EventSource(URL(string: "http://x/")!, configuration: .quick(), transport: transport)
      let shared = source.share()
      let consumers = (1...3).map { _ in
        Task {
          var data: [String] = []
          for try await message in shared.events {
            data.append(message.data)
            source.close()
          }
          return data
        }
      }
      for consumer in consumers {
        switch await consumer.result {
        case .success(let data): #expect(isClosed && (data == ["x"] || data.isEmpty))
        case .failure(let error): #expect(!isClosed && (error as? SubscriptionError)?.code == .transport)
        }
      }
      // The same applies to one that begins later.
      var late = shared.events.makeAsyncIterator()
      if isClosed { #expect(try await late.next() == nil) }
      if !isClosed { await #expect(throws: SubscriptionError.self) { try await late.next() } }
    }
  }

  @Test func theSourceClosesWhenNobodyHasItAnyMore() async throws {
    let (source, transport) = source(10)
    var shared: SharedEventSource? = source.share()
    var consumer: SharedEventSource.Events.Iterator? = shared!.events.makeAsyncIterator()
    shared = nil
    #expect(try await take(2, &consumer!) == ["1", "2"])
    #expect(source.readyState == .open)
    consumer = nil
    try await eventually { source.readyState == .closed && transport.open == 0 }
  }
}
