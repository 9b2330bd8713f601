import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

@Suite struct RepositoryTests {
  private struct Failure: Error {}

  /// The application's own history, whose content and results the test determines.
  private final class Repository: EventRepository {
    let events = Mutex<[ServerSentEvent]>([])
    let requests = Mutex<[ReplayRequest]>([])
    let answer: @Sendable (ReplayRequest, [ServerSentEvent]) async throws -> ReplayResult

    init(
      _ ids: some Sequence<Int> = [],
      answer: @escaping @Sendable (ReplayRequest, [ServerSentEvent]) async throws -> ReplayResult = Repository
        .contiguous
    ) {
      self.answer = answer
      for id in ids { add(id) }
    }

    func add(_ id: Int) { events.withLock { $0.append(ServerSentEvent(data: "\(id)", id: try! EventID("n\(id)"))) } }

    func events(for request: ReplayRequest) async throws -> ReplayResult {
      requests.withLock { $0.append(request) }
      return try await answer(request, events.withLock { $0 })
    }

    static let contiguous: @Sendable (ReplayRequest, [ServerSentEvent]) -> ReplayResult = { request, events in
      guard let last = request.lastEventID else { return .contiguous(Array(events.prefix(request.maximumEvents))) }
      guard let index = events.firstIndex(where: { $0.id == last }) else { return .unknownID }
      return .contiguous(Array(events[(index + 1)...].prefix(request.maximumEvents)))
    }
  }

  private let executor = ManualTaskExecutor()

  private func hub(_ repository: any EventRepository, logger: CollectingLogger? = nil) -> EventHub {
    let hub = EventHub(channels: [], configuration: .test { $0.taskExecutor = executor }, logger: logger)
    hub.setRepository(repository, for: "news")
    return hub
  }

  private func resume(
    _ stack: SimulatedStack, _ hub: EventHub, after id: String?, room: Int = .max,
    _ configuration: EventStreamHandler.Configuration = .init()
  ) -> SimulatedStack.Connection {
    let handler = EventStreamHandler(hub, configuration: configuration)
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: id), channels: ["news"], room: room)
    stack.run()
    return reader
  }

  private func settle(_ stack: SimulatedStack) {
    repeat {
      executor.run()
      stack.run()
    } while executor.count > 0
  }

  private func publish(_ id: Int, _ hub: EventHub) throws {
    try hub.publish(ServerSentEvent(data: "\(id)", id: EventID("n\(id)")), to: "news")
  }

  private func numbers(_ reader: SimulatedStack.Connection) -> [Int] {
    reader.response.text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.compactMap { Int($0.dropFirst(6)) }
  }

  /// A heartbeat finds the connection full while the history is being asked, and the log evicts events in the meantime.
  @Test func aReaderThatStallsWhileItsHistoryIsAskedGoesOnWithIt() throws {
    let repository = Repository(1...30)
    let configuration = EventHub.Configuration.test {
      $0.taskExecutor = executor
      $0.retention = Retention(maximumEvents: 4)
    }
    let hub = EventHub(configuration: configuration)
    hub.setRepository(repository, for: "news")
    let stack = SimulatedStack(hub: hub)
    // There is room only for the opening comment.
    let reader = resume(stack, hub, after: "n10", room: 2)
    for id in 31...60 {
      repository.add(id)
      try publish(id, hub)
    }
    stack.advance(by: .seconds(16))
    #expect(reader.response.text == ":\n")
    reader.read()
    settle(stack)
    #expect(numbers(reader) == Array(11...60))
    #expect(hub.statistics.gaps == 0)
  }

  @Test func whatTheLogDoesNotHoldComesFromTheRepository() throws {
    let hub = hub(Repository(1...1000))
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: "n10")
    settle(stack)
    try publish(1001, hub)
    stack.run()
    #expect(numbers(reader) == Array(11...1001))
    #expect(hub.statistics.eventsReplayed == 990)
  }

  @Test func whatTheLogHoldsCostsNoCall() throws {
    let repository = Repository(1...10)
    let hub = hub(repository)
    let stack = SimulatedStack(hub: hub)
    for id in 5...10 { try publish(id, hub) }
    let reader = resume(stack, hub, after: "n6")
    #expect(numbers(reader) == [7, 8, 9, 10])
    #expect(repository.requests.withLock { $0.isEmpty })
  }

  @Test func whatBothHoldIsSentOnce() throws {
    for first in 1...30 {
      let hub = hub(Repository(1...30))
      let stack = SimulatedStack(hub: hub)
      for id in max(first, 12)...40 { try publish(id, hub) }
      let reader = resume(stack, hub, after: "n\(min(first, 10))")
      settle(stack)
      try publish(41, hub)
      stack.run()
      let expected = Array((min(first, 10) + 1)...30) + (max(31, max(first, 12))...41)
      #expect(numbers(reader) == expected, "first \(first)")
    }
  }

  @Test func aHistoryThatBeginsWithinTheLogAndEndsAfterItRepeatsNothing() throws {
    // Recording event 6 has not ended, so the log does not have it yet.
    let hub = hub(Repository(3...6))
    for id in 1...5 { try publish(id, hub) }
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: "unknown")
    settle(stack)
    #expect(numbers(reader) == [3, 4, 5])
  }

  @Test func whatIsPublishedWhileTheRepositoryIsAskedIsNeitherLostNorRepeated() throws {
    for recorded in [true, false] {
      let repository = Repository(1...300)
      let hub = hub(repository)
      let stack = SimulatedStack(hub: hub)
      let reader = resume(stack, hub, after: "n1")
      for id in 301...310 {
        if recorded { repository.add(id) }
        try publish(id, hub)
      }
      stack.run()
      #expect(reader.response.text == ":\n")
      settle(stack)
      try publish(311, hub)
      stack.run()
      #expect(numbers(reader) == Array(2...311))
    }
  }

  @Test func aReplayGoesAtTheReadersPace() throws {
    let repository = Repository(1...10_000)
    let hub = hub(repository)
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: "n1", room: 100)
    settle(stack)
    #expect(repository.requests.withLock { $0.count } == 1)
    var most = 0
    while numbers(reader).count < 9_999 {
      reader.read(50_000)
      stack.run()
      settle(stack)
      most = max(most, hub.statistics.retainedBytes)
    }
    #expect(numbers(reader) == Array(2...10_000))
    #expect(most < 100_000)
  }

  @Test func aReaderThatLeavesCancelsTheQuery() throws {
    let cancelled = Mutex(false)
    let repository = Repository(1...10) { request, events in
      if Task.isCancelled { cancelled.withLock { $0 = true } }
      return .contiguous([])
    }
    let hub = hub(repository)
    let stack = SimulatedStack(hub: hub)
    var reader: SimulatedStack.Connection? = resume(stack, hub, after: "n1")
    reader?.disconnect()
    // The stream was released before the answer arrives.
    reader = nil
    settle(stack)
    #expect(cancelled.withLock { $0 })
    #expect(hub.statistics.readers == 0)
  }

  @Test func aRepositoryThatFailsEndsTheStreamWithARetry() throws {
    let logger = CollectingLogger()
    let hub = hub(Repository(1...10) { _, _ in throw Failure() }, logger: logger)
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: "n1")
    try publish(11, hub)
    settle(stack)
    #expect(reader.response.ending == .complete)
    #expect(reader.response.text.hasPrefix(":\nretry: ") && numbers(reader).isEmpty)
    #expect(hub.statistics.streamsEnded == [.repositoryFailed: 1])
    #expect(logger.messages(.error).count == 1)
  }

  @Test func anIDThatTheRepositoryDoesNotKnowIsSaidToBeAGap() throws {
    let hub = hub(Repository(1...3))
    let stack = SimulatedStack(hub: hub)
    let all = resume(stack, hub, after: "x")
    let live = resume(stack, hub, after: "x", .with { $0.gapPolicy = .liveOnly })
    settle(stack)
    try publish(4, hub)
    stack.run()
    #expect(numbers(all) == [1, 2, 3, 4])
    #expect(numbers(live) == [4])
    #expect(
      all.response.text.hasPrefix(":\nevent: eventsource-gap\n")
        && live.response.text.hasPrefix(":\nevent: eventsource-gap\n"))
    #expect(hub.statistics.gaps == 2)
  }

  @Test func aGapInTheRepositoryIsSaid() throws {
    let hub = hub(
      Repository(5...8) { request, events in
        request.lastEventID == EventID("n1") ? .gap(events) : Repository.contiguous(request, events)
      })
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: "n1")
    settle(stack)
    #expect(reader.response.text.contains(#"{"channel":"news","lastEventID":"n1","earliestAvailable":"n5"}"#))
    #expect(numbers(reader) == [5, 6, 7, 8])
  }

  @Test func everythingIsReplayedIfSoConfigured() throws {
    let hub = hub(Repository(1...600))
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: nil, .with { $0.replaysToNewReaders = true })
    settle(stack)
    #expect(numbers(reader) == Array(1...600))
  }

  @Test func aRepositoryCanBeTakenAwayWithOrWithoutItsReaders() throws {
    let hub = hub(Repository(1...3))
    let stack = SimulatedStack(hub: hub)
    let first = resume(stack, hub, after: nil)
    hub.removeRepository(for: "news")
    try publish(4, hub)
    stack.run()
    #expect(numbers(first) == [4])
    hub.setRepository(Repository(), for: "news")
    hub.removeRepository(for: "news", disconnectingReaders: true)
    stack.run()
    #expect(first.response.ending == .complete)
    #expect(hub.statistics.streamsEnded == [.channelRemoved: 1])
  }

  @Test func aRecordingRepositoryHasAnEventBeforeAnyReaderDoes() async throws {
    let repository = InMemoryEventRepository()
    let hub = EventHub(configuration: .test)
    hub.setRepository(repository, for: "news")
    #expect(throws: PublishError.recordingChannel("news")) { try hub.publish("x", to: "news") }
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask { _ = try? await hub.publish("\(number)", to: "news", waitingUntil: .stored) }
      }
    }
    let stack = SimulatedStack(hub: hub)
    let reader = resume(stack, hub, after: nil, .with { $0.replaysToNewReaders = true })
    while numbers(reader).count < 200 {
      stack.run()
      await Task.yield()
    }
    guard case .contiguous(let recorded) = repository.events(for: ReplayRequest(channel: "news", lastEventID: nil))
    else {
      Issue.record("not contiguous")
      return
    }
    #expect(recorded.map(\.data) == numbers(reader).map(String.init))
    #expect(Set(recorded.map(\.id)).count == 200)
  }

  /// Records each batch, and returns what the test specifies.
  private final class Recorder: RecordingEventRepository {
    let batches = Mutex<[[ServerSentEvent]]>([])
    let ids: @Sendable ([ServerSentEvent]) throws -> [EventID]

    init(_ ids: @escaping @Sendable ([ServerSentEvent]) throws -> [EventID]) { self.ids = ids }

    func events(for request: ReplayRequest) async throws -> ReplayResult { .unknownID }

    func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
      batches.withLock { $0.append(events) }
      return try ids(events)
    }
  }

  @Test func publicationsThatWaitAreRecordedTogether() async throws {
    let repository = Recorder { events in try events.map { try $0.id ?? EventID("r\($0.data)") } }
    let hub = hub(repository)
    let publications = (1...1200).map { number in
      Task(executorPreference: executor) { try await hub.publish("\(number)", to: "news", waitingUntil: .stored) }
    }
    executor.run()
    #expect(repository.batches.withLock { $0.map(\.count) } == [512, 512, 176])
    for (number, publication) in zip(1..., publications) {
      #expect(try await publication.value.rawValue == "r\(number)")
    }
    #expect(hub.statistics.eventsPublished == 1200)
  }

  @Test func aRepositoryThatAnswersOtherIDsThanItMayIsAnError() async throws {
    let answers: [@Sendable ([ServerSentEvent]) throws -> [EventID]] = [
      { _ in [] }, { _ in ["other"] }, { _ in ["x", "y"] },
    ]
    for ids in answers {
      let hub = EventHub(configuration: .test)
      hub.setRepository(Recorder(ids), for: "news")
      await #expect(throws: PublishError.wrongRecording("news")) {
        try await hub.publish(ServerSentEvent(data: "x", id: "mine"), to: "news", waitingUntil: .stored)
      }
      #expect(hub.statistics.eventsPublished == 0)
    }
  }

  @Test func anEventForSeveralChannelsIsRecordedInThoseThatRecord() async throws {
    let repository = Recorder { _ in ["r1"] }
    let hub = EventHub(channels: ["plain"], configuration: .test)
    hub.setRepository(repository, for: "news")
    let ids = try await hub.publish("x", to: ["plain", "news"], waitingUntil: .stored)
    #expect(ids.map(\.rawValue) == [hub.id(1), "r1"])
    await #expect(throws: PublishError.unknownChannel("none")) {
      try await hub.publish("x", to: ["plain", "none"], waitingUntil: .offered)
    }
    #expect(hub.statistics.eventsPublished == 2)
  }

  @Test func anEventThatIsNotRecordedIsNotPublished() async throws {
    struct Full: RecordingEventRepository {
      func events(for request: ReplayRequest) async throws -> ReplayResult { .unknownID }
      func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] { throw Failure() }
    }
    let hub = EventHub(configuration: .test)
    hub.setRepository(Full(), for: "news")
    await #expect(throws: Failure.self) { try await hub.publish("x", to: "news", waitingUntil: .stored) }
    #expect(hub.statistics.eventsPublished == 0)
  }
}
