import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct AuthorizationTests {
  private struct Authorizer: ChannelAuthorizer {
    var decide: @Sendable (any EventStreamRequest, [ChannelName]) async throws -> ChannelAuthorization

    func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization
    {
      try await decide(request, channels)
    }
  }

  private struct Failure: Error {}

  private let executor = ManualTaskExecutor()
  private let logger = CollectingLogger()

  private func connect(
    _ request: SimulatedRequest = SimulatedRequest(), logger: CollectingLogger? = nil,
    _ decide: @escaping @Sendable (any EventStreamRequest, [ChannelName]) async throws -> ChannelAuthorization
  ) -> (EventHub, SimulatedStack, SimulatedStack.Connection) {
    let hub = EventHub(
      channels: ["a", "b"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.maximumReadersPerCaller = 1
      }, logger: logger)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, authorizer: Authorizer(decide: decide))
    let connection = stack.connect(handler, request, channels: ["a"])
    stack.run()
    return (hub, stack, connection)
  }

  @Test func nothingIsWrittenBeforeItIsGranted() throws {
    let (hub, stack, reader) = connect { _, _ in .granted }
    try hub.publish("early", to: "a")
    stack.run()
    #expect(reader.response.head == nil)
    executor.run()
    stack.run()
    #expect(reader.response.head?.status == 200)
    try hub.publish("late", to: "a")
    stack.run()
    #expect(reader.response.text.contains("late") && !reader.response.text.contains("early"))
  }

  @Test func theAuthorizerSeesTheWholeRequestAndAllChannels() throws {
    let request = SimulatedRequest(
      target: "/x?channel=b&token=t", fields: [EventStreamField("Authorization", "Bearer t")], peer: "192.0.2.9")
    let (_, stack, reader) = connect(request) { request, channels in
      let isWhole =
        request.target == "/x?channel=b&token=t" && request.method == "GET" && request.peer == "192.0.2.9"
        && request.fields.values(of: "authorization") == ["Bearer t"] && channels == ["a", "b"]
      return isWhole ? .granted : .refused(.forbidden)
    }
    executor.run()
    stack.run()
    #expect(reader.response.head?.status == 200)
  }

  @Test func aRefusalIsAnsweredAsItIs() throws {
    let refusals: [(EventStreamRefusal, Int)] = [
      (.unauthorized(challenge: "Bearer realm=\"x\""), 401), (.forbidden, 403), (.finished, 204),
      (EventStreamRefusal(status: 402, reason: "pay"), 402),
    ]
    for (refusal, status) in refusals {
      let (hub, stack, reader) = connect { _, _ in .refused(refusal) }
      executor.run()
      stack.run()
      #expect(reader.response.head?.status == status)
      #expect(reader.isFinished && hub.statistics.readers == 0 && hub.statistics.refused == 1)
      if status == 401 {
        #expect(reader.response.head?.fields.values(of: "WWW-Authenticate") == ["Bearer realm=\"x\""])
      }
      if status == 204 { #expect(reader.response.head?.body == EventStreamResponseHead.Body.none) }
    }
  }

  @Test func aFieldOfARefusalCannotSplitTheResponse() throws {
    let refusal = EventStreamRefusal(status: 403, fields: [EventStreamField("X", "a\r\nY: b")], reason: "no")
    let (_, stack, reader) = connect { _, _ in .refused(refusal) }
    executor.run()
    stack.run()
    #expect(reader.response.head?.fields.values(of: "X") == [])
  }

  @Test func anAuthorizerThatFailsIsLoggedAndTheRequestRefused() throws {
    let (hub, stack, reader) = connect(logger: logger) { _, _ in throw Failure() }
    executor.run()
    stack.run()
    #expect(reader.response.head?.status == 503)
    #expect(logger.messages(.error).count == 1)
    #expect(hub.statistics.readers == 0)
  }

  @Test func anAuthorizerThatNeverAnswersIsNotWaitedFor() throws {
    let (hub, stack, reader) = connect { _, _ in
      try await Task.sleep(for: .seconds(3600))
      return .granted
    }
    stack.advance(by: .seconds(31))
    #expect(reader.response.head?.status == 503)
    #expect(hub.statistics.readers == 0)
    // The task was cancelled and its late answer changes nothing.
    executor.run()
    stack.run()
    #expect(hub.statistics.refused == 1)
  }

  @Test func anAnswerForAPeerThatHasLeftChangesNothing() throws {
    let (hub, stack, reader) = connect { _, _ in .granted }
    reader.hangUp()
    executor.run()
    stack.run()
    #expect(reader.response.head == nil)
    #expect(hub.statistics.readers == 0 && hub.statistics.opened == 0)
  }

  @Test func aStreamEndsWithItsGrant() throws {
    let (hub, stack, reader) = connect { _, _ in .granted(ChannelGrant(validFor: .seconds(60))) }
    executor.run()
    stack.run()
    stack.advance(by: .seconds(59))
    #expect(!reader.isFinished)
    stack.advance(by: .seconds(2))
    #expect(reader.response.ending == .complete)
    #expect(hub.statistics.ended == [.authorizationEnded: 1])
  }

  @Test func theIdentityIsTheKeyForTheCallersLimit() throws {
    let (hub, stack, first) = connect { _, _ in .granted(ChannelGrant(identity: "anna")) }
    executor.run()
    stack.run()
    let handler = EventStreamHandler(
      hub, authorizer: Authorizer { request, _ in .granted(ChannelGrant(identity: request.target)) })
    let others = ["/anna", "anna"].map { _ in
      stack.connect(handler, SimulatedRequest(target: "/anna"), channels: ["a"])
    }
    stack.run()
    executor.run()
    stack.run()
    #expect(first.response.head?.status == 200)
    #expect(others.map { $0.response.head?.status } == [200, 429])
  }
}
