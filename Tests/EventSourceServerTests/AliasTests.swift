import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of an authorizer that substitutes another channel for the requested one.
@Suite struct AliasTests {
  private struct Authorizer: ChannelAuthorizer {
    var decide: @Sendable (any EventStreamRequest, [ChannelName]) async throws -> ChannelAuthorization

    func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization
    {
      try await decide(request, channels)
    }
  }

  private let executor = ManualTaskExecutor()

  private func connect(
    _ hub: EventHub, _ stack: SimulatedStack, _ channels: [String], lastEventID: String? = nil, _ grant: ChannelGrant,
    _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in }
  ) -> SimulatedStack.Connection {
    let handler = EventStreamHandler(
      hub, configuration: .with(change), authorizer: Authorizer { _, _ in .granted(grant) })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: lastEventID), channels: channels)
    settle(stack, executor)
    return reader
  }

  private func hub(_ channels: [ChannelName]) -> (EventHub, SimulatedStack) {
    let hub = EventHub(channels: channels, configuration: .test { $0.taskExecutor = executor })
    return (hub, SimulatedStack(hub: hub))
  }

  private func lastID(_ reader: SimulatedStack.Connection) throws -> String {
    var parser = EventStreamParser()
    try parser.parse(reader.response.body) { _ in }
    return parser.lastEventID
  }

  @Test func theGrantedChannelIsReadAndTheOtherIsNot() throws {
    let (hub, stack) = hub(["me", "user-42", "user-43"])
    let reader = connect(hub, stack, ["me"], ChannelGrant(aliases: ["me": "user-42"]))
    for name in ["me", "user-42", "user-43"] as [ChannelName] { try hub.publish("of \(name)", to: name) }
    stack.run()
    #expect(reader.response.text.components(of: "data: ") == ["of user-42"])
    #expect(hub.statistics(of: "user-42")?.readers == 1 && hub.statistics(of: "me")?.readers == 0)
  }

  @Test func aGrantAddsNoChannelThatWasNotAskedFor() throws {
    let (hub, stack) = hub(["a", "b", "secret"])
    let grants = [
      ChannelGrant(aliases: ["other": "secret"]), ChannelGrant(channels: ["a"], aliases: ["b": "secret"]),
    ]
    for grant in grants {
      let reader = connect(hub, stack, ["a", "b"], grant)
      #expect(reader.response.head?.status == 200 && hub.statistics(of: "secret")?.readers == 0)
      reader.disconnect()
    }
    // `channels` contains requested names, not the names of the channels that are read.
    let none = connect(hub, stack, ["a"], ChannelGrant(channels: ["secret"], aliases: ["a": "secret"]))
    #expect(none.response.head?.status == 403)
  }

  @Test func aChannelThatIsReadByTwoNamesIsReadOnce() throws {
    let (hub, stack) = hub(["user-42"])
    let reader = connect(
      hub, stack, ["me", "user-42", "self"], ChannelGrant(aliases: ["me": "user-42", "self": "user-42"]))
    let id = try hub.publish("1", to: "user-42")
    stack.run()
    #expect(reader.response.text.hasSuffix("data: 1\nid: \(id)\n\n"))
    #expect(hub.statistics(of: "user-42")?.readers == 1)
  }

  @Test func aReaderResumesAndIsNotShownTheRealName() throws {
    let (hub, stack) = hub(["user-42", "user-43", "news"])
    let grant = ChannelGrant(aliases: ["me": "user-42"])
    let first = connect(hub, stack, ["me", "news"], grant)
    // Streams that read the same channels under other names have other IDs.
    let plain = connect(hub, stack, ["user-42", "news"], ChannelGrant())
    try hub.publish("1", to: "user-42")
    stack.run()
    let id = try lastID(first)
    #expect(!id.contains("user-42") && !id.contains("me:") && id.contains(",news:"))
    #expect(try lastID(plain).contains("user-42"))
    first.disconnect()
    try hub.publish("2", to: "user-42")
    try hub.publish("n", to: "news")
    let second = connect(hub, stack, ["me", "news"], lastEventID: id, grant)
    #expect(second.response.text.components(of: "data: ").sorted() == ["2", "n"])
    // Requested by its own name, it is the same channel.
    let third = connect(hub, stack, ["user-42", "news"], lastEventID: id, ChannelGrant())
    #expect(third.response.text.components(of: "data: ").sorted() == ["2", "n"])
    // Another caller's ID has no meaning for this caller's channel.
    try hub.publish("of 43", to: "user-43")
    let other = connect(hub, stack, ["me", "news"], lastEventID: id, ChannelGrant(aliases: ["me": "user-43"]))
    #expect(other.response.text.components(of: "event: ") == ["eventsource-gap"])
    #expect(other.response.text.contains("{\"channel\":\"me\","))
    for reader in [first, second, other] { #expect(!reader.response.text.contains("user-4")) }
  }

  @Test func gapsRemovalsAndRefusalsNameWhatWasAskedFor() throws {
    let (hub, stack) = hub(["user-42", "news"])
    let grant = ChannelGrant(aliases: ["me": "user-42"])
    let gap = connect(hub, stack, ["me"], lastEventID: "nobody knows it", grant)
    #expect(gap.response.text.contains("{\"channel\":\"me\","))
    let refused = connect(hub, stack, ["me"], lastEventID: "nobody knows it", grant) {
      $0.gapPolicy = .reject(status: 410)
    }
    #expect(refused.response.head?.status == 410)
    let both = connect(hub, stack, ["me", "news"], grant) { $0.channelRemoval = .endsChannel }
    hub.removeChannel("user-42")
    settle(stack, executor)
    #expect(gap.isFinished && !both.isFinished)
    #expect(both.response.text.contains("event: eventsource-removed\ndata: {\"channel\":\"me\"}\n\n"))
    let missing = connect(hub, stack, ["me"], grant)
    #expect(missing.response.head?.status == 404)
    for reader in [gap, refused, both, missing] {
      #expect(!reader.response.text.contains("user-42") && !"\(reader.response.head!.body)".contains("user-42"))
    }
  }

  @Test func revocationsSeeTheRealName() throws {
    let (hub, stack) = hub(["user-42", "me"])
    let seen = Mutex<[ChannelName]>([])
    let reader = connect(hub, stack, ["me"], ChannelGrant(identity: "anna", aliases: ["me": "user-42"]))
    hub.revokeStreams { stream in
      seen.withLock { $0 += stream.channels }
      return false
    }
    hub.revokeStreams(of: "anna", in: "me")
    stack.run()
    #expect(!reader.isFinished && seen.withLock { $0 } == ["user-42"])
    hub.revokeStreams(of: "anna", in: "user-42")
    stack.run()
    #expect(reader.isFinished)
  }

  @Test func aRevocationDuringTheDecisionSeesTheRealName() throws {
    let (hub, stack) = hub(["user-42"])
    let decisions = Mutex(0)
    let handler = EventStreamHandler(
      hub,
      authorizer: Authorizer { _, _ in
        decisions.withLock { $0 += 1 }
        return .granted(ChannelGrant(identity: "anna", aliases: ["me": "user-42"]))
      })
    let reader = stack.connect(handler, channels: ["me"])
    stack.run()
    hub.revokeStreams(of: "anna", in: "user-42")
    stack.run()
    settle(stack, executor)
    #expect(decisions.withLock { $0 } == 2 && reader.response.head?.status == 200)
  }

  @Test func aStreamIsAskedAboutByItsNamesAndEndsIfTheyMeanAnotherChannel() throws {
    let (hub, stack) = hub(["user-42", "user-43"])
    let target = Mutex<ChannelName>("user-42")
    let asked = Mutex<[[ChannelName]]>([])
    let handler = EventStreamHandler(
      hub, configuration: .with { $0.reauthorizationInterval = .seconds(10) },
      authorizer: Authorizer { _, channels in
        asked.withLock { $0.append(channels) }
        return .granted(ChannelGrant(aliases: ["me": target.withLock { $0 }]))
      })
    let reader = stack.connect(handler, channels: ["me"])
    settle(stack, executor)
    stack.advance(by: .seconds(12))
    settle(stack, executor)
    #expect(!reader.isFinished && asked.withLock { $0 } == [["me"], ["me"]])
    target.withLock { $0 = "user-43" }
    stack.advance(by: .seconds(12))
    settle(stack, executor)
    #expect(reader.isFinished && hub.statistics.streamsEnded == [.revoked: 1])
  }
}
