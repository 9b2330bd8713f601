import EventSourceServer
import EventSourceTesting
import Synchronization
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
      target: "/?channel=b&token=t", fields: [HeaderField("Authorization", "Bearer t")], peer: "192.0.2.9")
    let (_, stack, reader) = connect(request) { request, channels in
      let isWhole =
        request.target == "/?channel=b&token=t" && request.method == "GET" && request.peer == "192.0.2.9"
        && request.fields.values(of: "authorization") == ["Bearer t"] && channels == ["a", "b"]
      return isWhole ? .granted : .rejected(.forbidden)
    }
    executor.run()
    stack.run()
    #expect(reader.response.head?.status == 200)
  }

  @Test func aRefusalIsAnsweredAsItIs() throws {
    let rejections: [(EventStreamRejection, Int)] = [
      (.unauthorized(challenge: "Bearer realm=\"x\""), 401), (.forbidden, 403), (.finished, 204),
      (EventStreamRejection(status: 402, reason: "pay"), 402),
    ]
    for (rejection, status) in rejections {
      let (hub, stack, reader) = connect { _, _ in .rejected(rejection) }
      executor.run()
      stack.run()
      #expect(reader.response.head?.status == status)
      #expect(reader.isFinished && hub.statistics.readers == 0 && hub.statistics.requestsRejected == 1)
      if status == 401 {
        #expect(reader.response.head?.fields.values(of: "WWW-Authenticate") == ["Bearer realm=\"x\""])
      }
      if status == 204 { #expect(reader.response.head?.body == EventStreamResponseHead.Body.none) }
    }
  }

  @Test func aFieldOfARefusalCannotSplitTheResponse() throws {
    let rejection = EventStreamRejection(status: 403, fields: [HeaderField("X", "a\r\nY: b")], reason: "no")
    let (_, stack, reader) = connect { _, _ in .rejected(rejection) }
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
    // The task was cancelled, so its late answer changes nothing.
    executor.run()
    stack.run()
    #expect(hub.statistics.requestsRejected == 1)
  }

  @Test func anAnswerForAPeerThatHasLeftChangesNothing() throws {
    let (hub, stack, reader) = connect { _, _ in .granted }
    reader.disconnect()
    executor.run()
    stack.run()
    #expect(reader.response.head == nil)
    #expect(hub.statistics.readers == 0 && hub.statistics.streamsOpened == 0)
  }

  @Test func aStreamEndsWithItsGrant() throws {
    let (hub, stack, reader) = connect { _, _ in .granted(ChannelGrant(expiresAfter: .seconds(60))) }
    executor.run()
    stack.run()
    stack.advance(by: .seconds(59))
    #expect(!reader.isFinished)
    stack.advance(by: .seconds(2))
    #expect(reader.response.ending == .complete)
    #expect(hub.statistics.streamsEnded == [.authorizationEnded: 1])
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

  @Test func aPermissionThatIsTakenBackEndsTheStreamAtOnce() throws {
    let (hub, stack, reader) = connect { _, _ in .granted(ChannelGrant(identity: "anna")) }
    executor.run()
    stack.run()
    hub.revokeStreams(of: "bert")
    hub.revokeStreams(of: "anna", in: "b")
    stack.run()
    #expect(!reader.isFinished)
    try hub.publish("before", to: "a")
    stack.run()
    hub.revokeStreams(of: "anna", in: "a")
    try hub.publish("after", to: "a")
    stack.run()
    #expect(reader.response.ending == .complete)
    #expect(reader.response.text.contains("before") && !reader.response.text.contains("after"))
    #expect(hub.statistics.streamsEnded == [.revoked: 1] && hub.statistics.readers == 0)
  }

  @Test func whatIsBeingAuthorizedWhileAPermissionIsTakenBackIsDecidedAnew() throws {
    let isAllowed = Mutex(true)
    let (hub, stack, reader) = connect { _, _ in
      isAllowed.withLock { $0 } ? .granted(ChannelGrant(identity: "anna")) : .rejected(.forbidden)
    }
    executor.run()
    // The answer is on its way when the permission is revoked.
    isAllowed.withLock { $0 = false }
    hub.revokeStreams(where: { $0.identity == "anna" && $0.channels == ["a"] })
    stack.run()
    executor.run()
    stack.run()
    #expect(reader.response.head?.status == 403 || reader.isFinished)
    #expect(!reader.response.text.contains("data"))
    #expect(hub.statistics.readers == 0)
  }

  @Test(arguments: [("anna", 2), ("bert", 1)])
  func aRevocationBeforeTheAnswerMakesTheAuthorizerBeAskedAgainIfItConcernsTheCaller(name: String, times: Int) throws {
    let asked = Mutex(0)
    let (hub, stack, reader) = connect { _, _ in
      asked.withLock { $0 += 1 }
      return .granted(ChannelGrant(identity: "anna"))
    }
    hub.revokeStreams(of: name)
    stack.run()
    executor.run()
    stack.run()
    executor.run()
    stack.run()
    #expect(asked.withLock { $0 } == times)
    #expect(reader.response.head?.status == 200)
  }

  @Test func anAuthorizerMayEndTheCallersOlderStreams() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub,
      authorizer: Authorizer { [unowned hub] _, _ in
        hub.revokeStreams(of: "anna")
        return .granted(ChannelGrant(identity: "anna"))
      })
    let readers = (0..<3).map { _ in
      let reader = stack.connect(handler, channels: ["a"])
      stack.run()
      executor.run()
      stack.run()
      return reader
    }
    #expect(readers.map(\.isFinished) == [true, true, false])
    #expect(hub.statistics.streamsEnded == [.revoked: 2] && readers[2].response.head?.status == 200)
  }

  @Test func anOpenStreamIsAuthorizedAgainIfSoConfigured() throws {
    let answer = Mutex(ChannelAuthorization.granted(ChannelGrant()))
    let hub = EventHub(channels: ["a"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub, configuration: .with { $0.reauthorizationInterval = .seconds(1) },
      authorizer: Authorizer { _, _ in answer.withLock { $0 } })
    let reader = stack.connect(handler, channels: ["a"])
    func pass(_ time: Duration) {
      stack.advance(by: time)
      executor.run()
      stack.run()
    }
    pass(.zero)
    for _ in 0..<5 { pass(.milliseconds(1200)) }
    #expect(!reader.isFinished)
    answer.withLock { $0 = .rejected(.forbidden) }
    pass(.milliseconds(1200))
    try hub.publish("late", to: "a")
    stack.run()
    #expect(reader.response.ending == .complete && !reader.response.text.contains("late"))
    #expect(hub.statistics.streamsEnded == [.revoked: 1])
  }

  @Test func oneFailureToDecideAgainIsForgivenTwoAreNot() throws {
    let fails = Mutex(false)
    let hub = EventHub(channels: ["a"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub, configuration: .with { $0.reauthorizationInterval = .seconds(1) },
      authorizer: Authorizer { _, _ in
        if fails.withLock({ $0 }) { throw Failure() }
        return .granted
      })
    let reader = stack.connect(handler, channels: ["a"])
    func pass() {
      stack.advance(by: .milliseconds(1200))
      executor.run()
      stack.run()
    }
    for isFailing in [false, true, false, true, false] {
      fails.withLock { $0 = isFailing }
      pass()
      #expect(!reader.isFinished)
    }
    fails.withLock { $0 = true }
    pass()
    pass()
    #expect(reader.isFinished && hub.statistics.streamsEnded == [.authorizationEnded: 1])
  }

  @Test func aGrantMayBeForSomeOfTheChannels() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    for (granted, status) in [(["b"] as Set<ChannelName>, 200), ([], 403)] {
      let handler = EventStreamHandler(
        hub, authorizer: Authorizer { _, _ in .granted(ChannelGrant(channels: granted)) })
      let reader = stack.connect(handler, channels: ["a", "b"])
      stack.run()
      executor.run()
      stack.run()
      #expect(reader.response.head?.status == status)
      try hub.publish("secret", to: "a")
      try hub.publish("open", to: "b")
      stack.run()
      #expect(!reader.response.text.contains("secret"))
      #expect(reader.response.text.contains("open") == (status == 200))
    }
  }
}
