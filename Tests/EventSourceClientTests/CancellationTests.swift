import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests that every wait ends: by cancellation, closing and restarting, even in code that ignores them. Also tests that
/// a second concurrent call gets an error.
@Suite struct CancellationTests {
  private let url = URL(string: "http://chunks.test/")!
  private let many = ChunkTransport { _, _ in [(1...1000).map { "id: \($0)\ndata: \($0)\n\n" }.joined()] }

  @Test func aCanceledLoopEndsAtItsNextStepInTheMiddleOfABatch() async throws {
    let source = EventSource(url, configuration: .quick(), transport: many)
    let count = Mutex(0)
    let task = Task {
      for try await _ in source.events {
        let number = count.withLock { count in
          count += 1
          return count
        }
        if number == 5 { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    _ = try await within { try await task.value }
    #expect(count.withLock { $0 } == 5 && source.readyState == .closed)
    try await eventually { many.open == 0 }
  }

  @Test func aCanceledTaskSavesNothingAndReceivesNothing() async throws {
    let store = CountingStore()
    let source = EventSource(
      url, configuration: .quick { $0.lastEventIDStore = store }, transport: many)
    let task = Task { () async throws in
      var iterator = source.events.makeAsyncIterator()
      #expect(try await iterator.next()?.data == "1")
      #expect(try await iterator.next()?.data == "2")
      withUnsafeCurrentTask { $0?.cancel() }
      #expect(try await iterator.next() == nil)
      #expect(try await iterator.next() == nil)
    }
    try await within { try await task.value }
    #expect(store.saved == ["1"])
  }

  /// Calls `next` on copies of one iterator, which count as one consumer.
  private actor Puller {
    private var iterator: EventSource.Events.Iterator
    private(set) var ends: [String] = []

    init(_ source: EventSource) { iterator = source.events.makeAsyncIterator() }

    func pull() async {
      var copy = iterator
      do {
        let message = try await copy.next(isolation: self)
        iterator = copy
        ends.append(message?.data ?? "end")
      } catch {
        ends.append("\((error as? SubscriptionError)?.code.description ?? "\(error)")")
      }
    }
  }

  @Test func aSecondCallOfNextIsAnErrorAndTheFirstGoesOn() async throws {
    let transport = ChunkTransport { _, _ in ["data: first\n\n"] }
    let source = EventSource(url, configuration: .quick(), transport: transport)
    let puller = Puller(source)
    await puller.pull()
    // Two calls wait at the same time.
    let pulls = (0..<2).map { _ in Task { await puller.pull() } }
    try await within { while await puller.ends.count < 2 { await Task.yield() } }
    #expect(await puller.ends == ["first", "alreadyConsumed"] && source.readyState == .open)
    source.close()
    for pull in pulls { try await within { await pull.value } }
    #expect(await puller.ends == ["first", "alreadyConsumed", "end"])
  }

  /// The places where a source may wait for the application's code.
  enum Place: CaseIterable { case provider, handler, load, save }

  /// Waits forever and ignores cancellation.
  private static func hang() async {
    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
  }

  private struct HangingStore: LastEventIDStore {
    var place: Place
    var reached: @Sendable () -> Void
    func load() async throws -> String? {
      if place == .load { await hang(reached) }
      return nil
    }
    func save(_ id: String) async throws { if place == .save { await hang(reached) } }
    private func hang(_ reached: () -> Void) async {
      reached()
      await CancellationTests.hang()
    }
  }

  @Test(arguments: Place.allCases, [false, true])
  func codeThatHangsHoldsNobodyUp(place: Place, isCanceled: Bool) async throws {
    let isReached = Mutex(false)
    let reached: @Sendable () -> Void = { isReached.withLock { $0 = true } }
    let configuration = EventSource.Configuration.quick {
      if place == .load || place == .save { $0.lastEventIDStore = HangingStore(place: place, reached: reached) }
      if place == .provider {
        $0.requestProvider = {
          reached()
          await Self.hang()
          return $1
        }
      }
      if place == .handler {
        $0.errorHandler = {
          reached()
          await Self.hang()
          return $1
        }
      }
    }
    let transport = ChunkTransport { number, _ in place == .handler ? nil : ["id: 1\ndata: 1\n\ndata: 2\n\n"] }
    let source = EventSource(url, configuration: configuration, transport: transport)
    let task = Task { for try await _ in source.events {} }
    try await eventually { isReached.withLock { $0 } }
    if isCanceled { task.cancel() } else { source.close() }
    try await within { try await task.value }
    #expect(source.readyState == .closed)
    try await eventually { transport.open == 0 }
  }

  @Test(arguments: [Place.provider, .handler])
  func aRestartEndsTheWaitForCodeThatHangs(place: Place) async throws {
    let calls = Mutex(0)
    let count: @Sendable () -> Int = {
      calls.withLock { calls in
        calls += 1
        return calls
      }
    }
    let configuration = EventSource.Configuration.quick {
      $0.initialConnectionFailure = .retry(for: nil)
      if place == .provider {
        $0.requestProvider = {
          if count() == 1 { await Self.hang() }
          return $1
        }
      }
      if place == .handler {
        $0.errorHandler = {
          if count() == 1 { await Self.hang() }
          return $1
        }
      }
    }
    let transport = ChunkTransport { number, _ in place == .handler && number == 1 ? nil : ["data: x\n\n"] }
    let source = EventSource(url, configuration: configuration, transport: transport)
    let task = Task { try await source.events.first { _ in true }?.data }
    try await eventually { calls.withLock { $0 } == 1 }
    source.restart()
    #expect(try await within { try await task.value } == "x")
  }

  @Test func aProviderThatHangsIsGivenUpAtTheTimeLimit() async throws {
    let configuration = EventSource.Configuration.quick {
      $0.connectTimeout = .milliseconds(50)
      $0.requestProvider = {
        await Self.hang()
        return $1
      }
    }
    let source = EventSource(url, configuration: configuration, transport: many)
    #expect(try await readToEnd(source).error?.code == .connectTimeout)
  }
}
