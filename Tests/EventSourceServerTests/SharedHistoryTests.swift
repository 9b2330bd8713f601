import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of a hub that follows a shared history.
@Suite struct SharedHistoryTests {
  private let executor = ManualTaskExecutor()
  private let store = SimulatedSharedStore()

  private func hub(
    _ node: SimulatedSharedNode, _ change: (inout EventHub.Configuration) -> Void = { _ in }
  ) -> (EventHub, SimulatedStack) {
    let hub = EventHub(
      configuration: .test {
        $0.taskExecutor = executor
        $0.channelCreation = .onDemand
        $0.repositoryProvider = { _ in node }
        $0.followLinger = .seconds(5)
        change(&$0)
      })
    return (hub, SimulatedStack(hub: hub))
  }

  private func publish(_ data: String, by hub: EventHub) {
    Task(executorPreference: executor) { try await hub.publish(data, to: "a", waitingUntil: .stored) }
    executor.run()
  }

  private func connect(_ hub: EventHub, _ stack: SimulatedStack) -> SimulatedStack.Connection {
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
    settle(stack, executor)
    return reader
  }

  @Test func aChannelIsFollowedFromItsFirstReaderUntilTheLingerAfterItsLast() {
    let node = store.makeNode()
    let (hub, stack) = hub(node)
    publish("before", by: hub)
    #expect(node.followedCount == 0 && hub.statistics(of: "a")?.retainedEvents == 0)
    let reader = connect(hub, stack)
    #expect(node.followedCount == 1 && hub.statistics(of: "a")?.isFollowed == true)
    reader.disconnect()
    stack.advance(by: .seconds(4))
    let other = connect(hub, stack)
    stack.advance(by: .seconds(10))
    #expect(node.followedCount == 1)
    other.disconnect()
    stack.advance(by: .seconds(6))
    settle(stack, executor)
    #expect(node.followedCount == 0 && hub.statistics.channels == 0)
  }

  @Test func aRequestGets503WhileTheStoreCannotBeReached() {
    let node = store.makeNode()
    let (hub, stack) = hub(node)
    node.setCutOff(true)
    let reader = connect(hub, stack)
    #expect(reader.response.head?.status == 503)
    node.setCutOff(false)
    let silent = stack.connect(EventStreamHandler(hub), channels: ["a"])
    node.setSilent(true)
    settle(stack, executor)
    #expect(silent.response.head == nil)
    stack.advance(by: .seconds(11))
    #expect(silent.response.head?.status == 503)
    node.setSilent(false)
    settle(stack, executor)
    #expect(connect(hub, stack).response.head?.status == 200)
  }

  @Test func readersStayConnectedToAStaleFeedUntilTheLimit() {
    let node = store.makeNode()
    let (hub, stack) = hub(node) { $0.staleLimit = .seconds(3) }
    let reader = connect(hub, stack)
    node.setCutOff(true)
    settle(stack, executor)
    stack.advance(by: .seconds(2))
    #expect(!reader.isFinished && hub.statistics(of: "a")?.isStale == true)
    stack.advance(by: .seconds(2))
    settle(stack, executor)
    #expect(reader.isFinished && hub.statistics.streamsEnded[.repositoryFailed] == 1)
  }

  @Test func aLostMessageAndALostTailAreFetched() {
    let (first, second) = (store.makeNode(), store.makeNode())
    let (hub, stack) = hub(first)
    let (other, _) = self.hub(second)
    let reader = connect(hub, stack)
    for number in 0..<3 { publish("\(number)", by: other) }
    store.drop(at: 0)
    store.deliverAll()
    stack.advance(by: .milliseconds(20))
    settle(stack, executor)
    #expect(reader.response.text.components(of: "data: ") == ["0", "1", "2"])
    publish("3", by: other)
    store.drop(at: 0)
    store.lookAtTails()
    stack.advance(by: .milliseconds(20))
    settle(stack, executor)
    #expect(reader.response.text.components(of: "data: ") == ["0", "1", "2", "3"])
    #expect(hub.statistics.refills > 0)
  }

  @Test func aHostileFeedNeitherGrowsMemoryNorBreaksTheOrder() async throws {
    /// A repository that passes its feed to the test.
    final class Catcher: SharedEventRepository {
      let node: SimulatedSharedNode
      nonisolated(unsafe) var feed: EventFeed?
      init(_ node: SimulatedSharedNode) { self.node = node }
      func append(_ events: [SharedPublication], to channel: ChannelName) async throws -> [SharedPlace] {
        try await node.append(events, to: channel)
      }
      func follow(_ channel: ChannelName, into feed: EventFeed) async throws { self.feed = feed }
      func unfollow(_ channel: ChannelName, feed: EventFeed) {}
      func newestPlace(in channel: ChannelName) async throws -> SharedPlace? {
        try await node.newestPlace(in: channel)
      }
      func events(
        after position: SharedPosition, in channel: ChannelName, maximumEvents: Int, maximumBytes: Int
      ) async throws -> SharedAnswer {
        try await node.events(
          after: position, in: channel, maximumEvents: maximumEvents, maximumBytes: maximumBytes)
      }
      func events(for request: ReplayRequest) async throws -> ReplayResult { try await node.events(for: request) }
    }
    let catcher = Catcher(store.makeNode())
    let (hub, stack) = hub(store.makeNode()) { $0.repositoryProvider = { _ in catcher } }
    publish("0", by: hub)
    let reader = connect(hub, stack)
    let feed = try #require(catcher.feed)
    let data = String(repeating: "x", count: 1000)
    for number in 0..<20_000 as Range<UInt64> {
      let position = SharedPosition(epoch: number % 3 == 0 ? .max : 1001, number: 5 + number &* 0x9E37_79B9_7F4A)
      feed.receive([SharedEvent(position: position, event: ServerSentEvent(data: data, id: "evil"))])
      feed.hasReached(position)
      if number % 100 == 0 { settle(stack, executor) }
    }
    #expect(hub.statistics.retainedBytes < 3 << 20)
    stack.advance(by: .seconds(1))
    settle(stack, executor)
    publish("1", by: hub)
    stack.advance(by: .seconds(10))
    settle(stack, executor)
    #expect(reader.response.text.components(of: "data: ") == ["1"])
    #expect(hub.statistics.retainedBytes < 100_000)
    reader.disconnect()
    stack.advance(by: .seconds(10))
    settle(stack, executor)
    #expect(!feed.isInUse)
    feed.receive([SharedEvent(position: SharedPosition(epoch: 1, number: 1), event: ServerSentEvent(data: data))])
    feed.setStale(true)
    feed.lost(after: nil)
  }
}
