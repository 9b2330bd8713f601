import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests the response to a request for a channel that does not exist.
@Suite struct MissingChannelTests {
  private struct Authorizer: ChannelAuthorizer {
    var decide: @Sendable ([ChannelName]) -> ChannelAuthorization

    func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization
    {
      decide(channels)
    }
  }

  private let executor = ManualTaskExecutor()

  private func hub(_ change: (inout EventHub.Configuration) -> Void = { _ in }) -> (EventHub, SimulatedStack) {
    let hub = EventHub(
      channels: ["a"],
      configuration: .test {
        $0.taskExecutor = executor
        change(&$0)
      })
    return (hub, SimulatedStack(hub: hub))
  }

  private func handler(
    _ hub: EventHub, _ policy: EventStreamHandler.Configuration.MissingChannel, _ authorizer: Authorizer? = nil,
    _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in }
  ) -> EventStreamHandler {
    let configuration = EventStreamHandler.Configuration.with {
      $0.missingChannel = policy
      change(&$0)
    }
    return EventStreamHandler(hub, configuration: configuration, authorizer: authorizer)
  }

  @Test func aRemovedChannelIsAnsweredAsTheEndpointSays() throws {
    let (hub, stack) = hub()
    hub.removeChannel("a")
    for (policy, status) in [
      (EventStreamHandler.Configuration.MissingChannel.notFound, 404), (.finished, 204),
    ] {
      let reader = stack.connect(handler(hub, policy), channels: ["a"])
      stack.run()
      #expect(reader.response.head?.status == status && reader.isFinished)
    }
    #expect(hub.statistics.readers == 0)
  }

  @Test func aReaderThatWaitsIsServedWhenTheChannelIsOpened() throws {
    let (hub, stack) = hub()
    let id = try hub.publish("1", to: "a")
    hub.removeChannel("a")
    let handler = handler(hub, .waits(upTo: .seconds(30)))
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: id.rawValue), channels: ["a"])
    stack.advance(by: .seconds(20))
    #expect(reader.response.head == nil && hub.statistics.readers == 1)
    hub.openChannel("b")
    hub.openChannel("a")
    try hub.publish("2", to: "a")
    stack.run()
    #expect(reader.response.head?.status == 200)
    // It is another channel, for which the ID has no meaning.
    #expect(reader.response.text.components(of: "data: ").last == "2" && reader.response.text.contains("gap"))
    stack.advance(by: .seconds(60))
    #expect(!reader.isFinished)
  }

  @Test func itWaitsForABoundedTimeAlsoIfTheChannelComesAndGoes() throws {
    let (hub, stack) = hub()
    hub.removeChannel("a")
    let handler = handler(hub, .waits(upTo: .seconds(30)))
    let reader = stack.connect(handler, channels: ["a"])
    for _ in 0..<10 {
      stack.advance(by: .milliseconds(2900))
      hub.openChannel("a")
      hub.removeChannel("a")
      stack.run()
      #expect(reader.response.head == nil)
    }
    stack.advance(by: .seconds(2))
    #expect(reader.response.head?.status == 404 && reader.isFinished && hub.statistics.readers == 0)
  }

  @Test func whoWaitsIsCountedAndMayLeave() throws {
    let (hub, stack) = hub {
      $0.maximumReaders = 2
      $0.maximumReadersPerCaller = 1
    }
    hub.removeChannel("a")
    let handler = handler(hub, .waits(upTo: .seconds(30)))
    let first = stack.connect(handler, SimulatedRequest(peer: "192.0.2.1"), channels: ["a"])
    let same = stack.connect(handler, SimulatedRequest(peer: "192.0.2.1"), channels: ["a"])
    stack.run()
    let head = stack.connect(handler, SimulatedRequest(method: "HEAD", peer: "192.0.2.2"), channels: ["a"])
    stack.run()
    #expect(same.response.head?.status == 429 && head.response.head?.status == 404 && first.response.head == nil)
    first.disconnect()
    hub.openChannel("a")
    stack.run()
    #expect(hub.statistics.readers == 0 && first.response.head == nil)
    let next = stack.connect(handler, SimulatedRequest(peer: "192.0.2.1"), channels: ["a"])
    stack.run()
    #expect(next.response.head?.status == 200)
  }

  @Test func whoWaitsIsAuthorizedAgain() throws {
    let (hub, stack) = hub()
    hub.removeChannel("a")
    let isAllowed = Mutex(true)
    let authorizer = Authorizer { _ in isAllowed.withLock { $0 } ? .granted : .rejected(.forbidden) }
    let readers = (0..<2).map { _ in
      stack.connect(handler(hub, .waits(upTo: .seconds(30)), authorizer), channels: ["a"])
    }
    settle(stack, executor)
    #expect(readers.allSatisfy { $0.response.head == nil })
    isAllowed.withLock { $0 = false }
    let refused = stack.connect(handler(hub, .waits(upTo: .seconds(30)), authorizer), channels: ["a"])
    settle(stack, executor)
    #expect(refused.response.head?.status == 403)
    hub.openChannel("a")
    settle(stack, executor)
    #expect(readers.allSatisfy { $0.response.head?.status == 403 } && hub.statistics.readers == 0)
  }

  @Test func whoWaitsForOneOfSeveralChannelsReadsNoneOfThem() throws {
    let (hub, stack) = hub()
    let reader = stack.connect(handler(hub, .waits(upTo: .seconds(30))), channels: ["a", "b"])
    stack.run()
    #expect(hub.statistics(of: "a")?.readers == 0)
    try hub.publish("before", to: "a")
    hub.openChannel("b")
    stack.run()
    try hub.publish("after", to: "a")
    try hub.publish("b", to: "b")
    stack.run()
    #expect(reader.response.text.components(of: "data: ") == ["after", "b"])
  }

  @Test func aChannelThatIsRemovedBeforeTheHeadIsWaitedFor() throws {
    let (hub, stack) = hub()
    hub.setRepository(InMemoryEventRepository(), for: "a")
    let handler = handler(hub, .waits(upTo: .seconds(30))) { $0.gapPolicy = .reject(status: 410) }
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: "x"), channels: ["a"])
    stack.run()
    hub.removeChannel("a")
    settle(stack, executor)
    #expect(reader.response.head == nil && hub.statistics.readers == 1)
    hub.openChannel("a")
    settle(stack, executor)
    #expect(reader.response.head?.status == 410 && hub.statistics.readers == 0)
  }

  @Test func waitingEndsWithTheHubTheLaneAndTheProgram() throws {
    for way in 0..<3 {
      let (hub, stack) = hub()
      hub.removeChannel("a")
      let reader = stack.connect(handler(hub, .waits(upTo: .seconds(3000))), channels: ["a"])
      stack.run()
      switch way {
      case 0: hub.close()
      case 1: stack.lane.close()
      default: stack.lane.drain(over: .seconds(1))
      }
      if way != 1 { stack.advance(by: .seconds(2)) }
      #expect(reader.response.head?.status == 503 && reader.isFinished && hub.statistics.readers == 0)
    }
  }

  /// Opening and waiting race. No request may wait for a channel that exists.
  @Test(.timeLimit(.minutes(1))) func whoWaitsHearsOfEveryOpening() async throws {
    let (hub, stack) = hub()
    let handler = handler(hub, .waits(upTo: .seconds(30)))
    let names = (0..<500).map { "r\($0)" }
    async let opening: Void = {
      for name in names { hub.openChannel(ChannelName(stringLiteral: name)) }
    }()
    let readers = names.map { name in
      defer { stack.run() }
      return stack.connect(handler, channels: [name])
    }
    await opening
    stack.run()
    #expect(readers.allSatisfy { $0.response.head?.status == 200 })
  }
}
