import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Histories that have events which are not in the log, and no longer have events that are.
@Suite struct HistoryAheadTests {
  private struct Failure: Error {}

  /// Keeps three events, and can fail after it has recorded.
  private final class Recorder: RecordingEventRepository {
    let failsAfterRecording = Atomic(false)
    private let memory = InMemoryEventRepository(maximumEvents: 3)

    func events(for request: ReplayRequest) async throws -> ReplayResult { memory.events(for: request) }

    func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
      let ids = memory.append(events, to: channel)
      if failsAfterRecording.load(ordering: .relaxed) { throw Failure() }
      return ids
    }
  }

  /// An application's own history, which keeps three events.
  private final class Stored: EventRepository {
    private let events = Mutex<[ServerSentEvent]>([])

    func store(_ event: ServerSentEvent) { events.withLock { $0 = ($0 + [event]).suffix(3) } }

    func events(for request: ReplayRequest) async throws -> ReplayResult {
      events.withLock { events in
        guard let last = request.lastEventID else { return .contiguous(events) }
        guard let index = events.firstIndex(where: { $0.id == last }) else { return .unknownID }
        return .contiguous(Array(events[(index + 1)...]))
      }
    }
  }

  private let executor = ManualTaskExecutor()

  private func hub(_ repository: any EventRepository) -> EventHub {
    let hub = EventHub(channels: [], configuration: .test { $0.taskExecutor = executor })
    hub.setRepository(repository, for: "news")
    return hub
  }

  private func record(_ range: ClosedRange<Int>, _ hub: EventHub) async throws {
    for id in range {
      let publication = Task(executorPreference: executor) { [event = event(id)] in
        try await hub.publish(event, to: "news", waitingUntil: .stored)
      }
      executor.run()
      _ = try? await publication.value
    }
  }

  private func event(_ id: Int) -> ServerSentEvent { ServerSentEvent(data: "\(id)", id: try! EventID("n\(id)")) }

  private func connect(_ stack: SimulatedStack, _ hub: EventHub, after id: String?) -> SimulatedStack.Connection {
    let handler = EventStreamHandler(hub, configuration: .with { $0.replaysToNewReaders = true })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: id), channels: ["news"])
    settle(stack, executor)
    return reader
  }

  private func numbers(_ reader: SimulatedStack.Connection) -> [Int] {
    reader.response.text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.compactMap { Int($0.dropFirst(6)) }
  }

  /// Events 4 to 6 are in the history alone, because their recording failed. The log has only 1 to 3, which the history
  /// has evicted.
  @Test func eventsOfTheHistoryAloneAreNotFollowedByOlderOnesOfTheLog() async throws {
    let recorder = Recorder()
    let hub = hub(recorder)
    let stack = SimulatedStack(hub: hub)
    try await record(1...3, hub)
    recorder.failsAfterRecording.store(true, ordering: .relaxed)
    try await record(4...6, hub)
    recorder.failsAfterRecording.store(false, ordering: .relaxed)
    let readers = [nil, "n4", "n6"].map { connect(stack, hub, after: $0) }
    #expect(readers.map(numbers) == [[4, 5, 6], [5, 6], []])
    try await record(7...8, hub)
    settle(stack, executor)
    #expect(readers.map(numbers) == [[4, 5, 6, 7, 8], [5, 6, 7, 8], [7, 8]])
    #expect(hub.statistics.gaps == 0)
  }

  /// What was published before the history was registered follows what the history has.
  @Test func whatTheHistoryHasNotRecordedFollowsIt() async throws {
    let recorder = Recorder()
    let hub = EventHub(channels: ["news"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    _ = try await recorder.append([event(1), event(2)], to: "news")
    for id in 3...4 { try hub.publish(event(id), to: "news") }
    hub.setRepository(recorder, for: "news")
    let reader = connect(stack, hub, after: nil)
    #expect(numbers(reader) == [1, 2, 3, 4])
    // Setting the same repository again changes nothing.
    try await record(5...7, hub)
    hub.setRepository(recorder, for: "news")
    #expect(numbers(connect(stack, hub, after: "n4")) == [5, 6, 7])
  }

  /// The log has only a comment, which came after the reader's last event.
  @Test func aCommentAfterTheNewestEventIsNoGap() throws {
    let stored = Stored()
    let hub = EventHub(
      configuration: .test {
        $0.taskExecutor = executor
        $0.retention = Retention(maximumEvents: 1)
      })
    hub.setRepository(stored, for: "news")
    let stack = SimulatedStack(hub: hub)
    var first = ServerSentEvent(data: "1")
    first.id = try hub.publish(first, to: "news")
    stored.store(first)
    try hub.publish(comment: "later", to: "news")
    let reader = connect(stack, hub, after: first.id?.rawValue)
    try hub.publish("2", to: "news")
    settle(stack, executor)
    #expect(numbers(reader) == [2])
    #expect(hub.statistics.gaps == 0)
  }

  /// The application has stored 4 to 6 and publishes them later. Its history has evicted what the log has.
  @Test func whatTheApplicationPublishesLateIsSentOnce() throws {
    let stored = Stored()
    let hub = hub(stored)
    let stack = SimulatedStack(hub: hub)
    for id in 1...3 {
      stored.store(event(id))
      try hub.publish(event(id), to: "news")
    }
    for id in 4...6 { stored.store(event(id)) }
    let reader = connect(stack, hub, after: nil)
    #expect(numbers(reader) == [4, 5, 6, 1, 2, 3])
    for id in 4...7 {
      stored.store(event(id))
      try hub.publish(event(id), to: "news")
    }
    settle(stack, executor)
    #expect(numbers(reader) == [4, 5, 6, 1, 2, 3, 7])
  }
}
