import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests what a reader gets if it is missing events: a rejection, or the state.
@Suite struct GapPolicyTests {
  private struct Failure: Error {}

  private struct History: EventRepository {
    var answer: @Sendable (ReplayRequest) async throws -> ReplayResult
    func events(for request: ReplayRequest) async throws -> ReplayResult { try await answer(request) }
  }

  private struct Snapshots: SnapshotProvider {
    var answer: @Sendable (ChannelName) async throws -> [ServerSentEvent]
    func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent] { try await answer(channel) }
  }

  private let executor = ManualTaskExecutor()

  private func hub(_ history: History? = nil) -> EventHub {
    let hub = EventHub(
      channels: ["a"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.retention = Retention(maximumEvents: 5)
      })
    if let history { hub.setRepository(history, for: "a") }
    return hub
  }

  private func resume(
    _ hub: EventHub, _ stack: SimulatedStack, after id: String?, _ policy: EventStreamHandler.Configuration.GapPolicy
  ) -> SimulatedStack.Connection {
    let handler = EventStreamHandler(hub, configuration: .with { $0.gapPolicy = policy })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: id), channels: ["a"])
    settle(stack)
    return reader
  }

  private func settle(_ stack: SimulatedStack) {
    repeat {
      stack.run()
      executor.run()
      stack.run()
    } while executor.count > 0
  }

  private func data(_ reader: SimulatedStack.Connection) -> [String] {
    reader.response.text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
  }

  @Test func aReaderWhoseEventsAreGoneFromTheLogIsRefused() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    for number in 1...2000 { try hub.publish("\(number)", to: "a") }
    let reader = resume(hub, stack, after: hub.id(3), .reject(status: 412))
    #expect(reader.response.head?.status == 412)
    #expect(reader.isFinished && hub.statistics.readers == 0 && hub.statistics.gaps == 1)
    let other = resume(hub, stack, after: hub.id(1998), .reject(status: 412))
    #expect(other.response.head?.status == 200 && data(other) == ["1999", "2000"])
    let new = resume(hub, stack, after: nil, .reject(status: 412))
    #expect(new.response.head?.status == 200)
  }

  @Test(arguments: [ReplayResult.gap([ServerSentEvent(data: "9", id: "n9")]), .unknownID])
  func aReaderWhoseEventsTheRepositoryNoLongerHasIsRefusedBeforeAnythingIsWritten(answer: ReplayResult) throws {
    let hub = hub(History { _ in answer })
    let stack = SimulatedStack(hub: hub)
    let reader = resume(hub, stack, after: "n3", .reject(status: 410))
    #expect(reader.response.head?.status == 410)
    #expect(reader.isFinished && hub.statistics.readers == 0)
  }

  @Test func aReaderOfWhichNothingIsMissingGetsItsHeadWithTheRepositorysAnswer() throws {
    let hub = hub(
      History { $0.lastEventID == "n3" ? .contiguous([ServerSentEvent(data: "4", id: "n4")]) : .contiguous([]) })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .reject(status: 410) })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: "n3"), channels: ["a"])
    stack.run()
    #expect(reader.response.head == nil)
    settle(stack)
    try hub.publish("5", to: "a")
    stack.run()
    #expect(reader.response.head?.status == 200 && data(reader) == ["4", "5"])
  }

  @Test func aRepositoryThatFailsBeforeTheHeadMakesTheReaderAskLater() throws {
    let hub = hub(History { _ in throw Failure() })
    let stack = SimulatedStack(hub: hub)
    let reader = resume(hub, stack, after: "n3", .reject(status: 410))
    #expect(reader.response.head?.status == 503)
    #expect(reader.response.head?.fields.contains { $0.name == "Retry-After" } == true)
  }

  @Test func aRepositoryThatDoesNotAnswerDoesNotKeepTheReaderForEver() throws {
    let hub = hub(
      History { _ in
        while !Task.isCancelled { await Task.yield() }
        throw CancellationError()
      })
    let stack = SimulatedStack(hub: hub)
    for policy in [EventStreamHandler.Configuration.GapPolicy.reject(status: 410), .replayAvailable] {
      let handler = EventStreamHandler(hub, configuration: .with { $0.gapPolicy = policy })
      let reader = stack.connect(handler, SimulatedRequest(lastEventID: "n3"), channels: ["a"])
      stack.run()
      for _ in 0..<4 { stack.advance(by: .seconds(10)) }
      stack.advance(by: .seconds(10))
      #expect(reader.isFinished)
    }
    while executor.runNext() {}
    stack.run()
    #expect(hub.statistics.readers == 0 && hub.statistics.streamsEnded == [.repositoryFailed: 1])
  }

  @Test func aSnapshotComesBetweenTheGapAndWhatFollowsIt() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    for number in 1...2000 { try hub.publish("\(number)", to: "a") }
    let provider = Snapshots { channel in
      #expect(channel == "a")
      return [ServerSentEvent(data: "state of 1998", type: "state", id: try EventID(hub.id(1998)))]
    }
    let reader = resume(hub, stack, after: hub.id(3), .snapshot(provider))
    try hub.publish("2001", to: "a")
    stack.run()
    let lines = data(reader)
    #expect(lines.first?.contains("\"lastEventID\":\"\(hub.id(3))\"") == true)
    #expect(Array(lines.dropFirst()) == ["state of 1998", "1999", "2000", "2001"])
  }

  @Test func withoutAnIDTheStreamGoesOnWithWhatIsPublishedAfterTheQuestion() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    for number in 1...2000 { try hub.publish("\(number)", to: "a") }
    let provider = Snapshots { _ in
      try hub.publish("meanwhile", to: "a")
      return [ServerSentEvent(data: "state")]
    }
    let reader = resume(hub, stack, after: "x", .snapshot(provider))
    #expect(Array(data(reader).dropFirst()) == ["state", "meanwhile"])
  }

  @Test func aSnapshotThatIsOlderThanTheLogIsFollowedByAnotherGap() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    for number in 1...2000 { try hub.publish("\(number)", to: "a") }
    let provider = Snapshots { _ in [ServerSentEvent(data: "old", id: try EventID(hub.id(5)))] }
    let reader = resume(hub, stack, after: hub.id(3), .snapshot(provider))
    #expect(reader.response.text.components(of: "event: eventsource-gap") == 2)
    #expect(data(reader).suffix(5) == ["1996", "1997", "1998", "1999", "2000"])
  }

  @Test func aSnapshotThatFailsEndsTheStream() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    let reader = resume(hub, stack, after: "x", .snapshot(Snapshots { _ in throw Failure() }))
    #expect(reader.response.ending == .complete && reader.response.text.contains("retry: "))
    #expect(hub.statistics.streamsEnded == [.repositoryFailed: 1])
  }

  @Test func aSnapshotIsGivenWholeToAReaderThatTakesItSlowly() throws {
    let hub = hub(History { _ in .unknownID })
    let stack = SimulatedStack(hub: hub)
    let provider = Snapshots { _ in
      (1...500).map { ServerSentEvent(data: "part \($0) " + String(repeating: "x", count: 90)) }
    }
    let handler = EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .snapshot(provider) })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: "x"), channels: ["a"], room: 100)
    settle(stack)
    for _ in 0..<2000 {
      reader.read(100)
      settle(stack)
    }
    #expect(data(reader).dropFirst().map { $0.split(separator: " ")[1] } == (1...500).map { "\($0)" })
  }

  @Test func aRepositoryThatForgetsAgainAndAgainIsNotAskedForEver() throws {
    let hub = hub(History { $0.lastEventID == nil ? .contiguous([ServerSentEvent(data: "x", id: "n1")]) : .unknownID })
    let stack = SimulatedStack(hub: hub)
    let reader = resume(hub, stack, after: "n0", .replayAvailable)
    #expect(reader.isFinished && hub.statistics.streamsEnded == [.repositoryFailed: 1])
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { indices.count { self[$0...].hasPrefix(part) } }
}
