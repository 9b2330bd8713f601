import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of publishing through a handle, and of handles whose channel is removed or forgotten.
@Suite struct ChannelHandleTests {
  private let executor = ManualTaskExecutor()

  @Test func aHandlePublishesInEveryForm() async throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
    stack.run()
    let channel = try hub.channel("a")
    #expect(channel.name == "a" && channel.readerCount == 1 && !channel.isRemoved)
    let first = try channel.publish("1", coalescingKey: "k")
    let second = try await channel.publish("2", waitingUntil: .stored)
    try channel.publish(comment: "hello")
    stack.run()
    #expect([first.rawValue, second.rawValue] == [hub.id(1), hub.id(2)])
    #expect(reader.response.text.hasSuffix("data: 1\nid: \(first)\n\ndata: 2\nid: \(second)\n\n:hello\n\n"))
    #expect(throws: PublishError.generatedID(first, "a")) {
      try channel.publish(ServerSentEvent(data: "3", id: first))
    }
  }

  @Test func anOfferByAHandleIsAwaited() async throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
    stack.run()
    let channel = try hub.channel("a")
    let publication = Task(executorPreference: executor) { try await channel.publish("1", waitingUntil: .offered) }
    settle(stack, executor)
    _ = try await publication.value
    #expect(reader.response.text.contains("data: 1\n"))
  }

  @Test func aHandleMeansOneLifeOfItsChannel() async throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let old = try hub.channel("a")
    try old.publish("1")
    hub.removeChannel("a")
    for isOpenedAgain in [false, true] {
      if isOpenedAgain { hub.openChannel("a") }
      #expect(old.isRemoved)
      #expect(throws: PublishError.channelRemoved("a")) { try old.publish("2") }
      #expect(throws: PublishError.channelRemoved("a")) { try old.publish(comment: "2") }
      await #expect(throws: PublishError.channelRemoved("a")) { try await old.publish("2", waitingUntil: .stored) }
      #expect(throws: ReconfigurationError.unknownChannel("a")) { try old.reconfigure { _ in } }
    }
    let new = try hub.channel("a")
    old.remove()
    try new.publish("3")
    #expect(new.statistics.eventsPublished == 1)
    new.remove()
    #expect(new.isRemoved && hub.statistics.channels == 0)
    #expect(throws: PublishError.unknownChannel("a")) { try hub.channel("a") }
  }

  @Test func aChannelMadeOnDemandStaysWhileThereIsAHandle() throws {
    let hub = EventHub(
      configuration: .test {
        $0.channelCreation = .onDemand
        $0.maximumChannels = 1
        $0.retention.maximumAge = .seconds(1)
      })
    let stack = SimulatedStack(hub: hub)
    var channel: ChannelHandle? = try hub.channel("a")
    #expect(throws: PublishError.tooManyChannels(limit: 1)) { try hub.channel("b") }
    try channel?.publish("1")
    stack.advance(by: .seconds(5))
    // Its events were evicted, and it has no readers.
    #expect(hub.statistics.channels == 1 && channel?.statistics.retainedEvents == 0)
    try channel?.publish("2")
    #expect(channel?.statistics.eventsPublished == 2)
    stack.advance(by: .seconds(5))
    channel = nil
    #expect(hub.statistics.channels == 0)
  }

  @Test func aClosedHubPublishesByNoHandle() async throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let channel = try hub.channel("a")
    hub.close()
    #expect(throws: PublishError.closed) { try channel.publish("1") }
    #expect(throws: PublishError.closed) { try channel.publish(comment: "1") }
    await #expect(throws: PublishError.closed) { try await channel.publish("1", waitingUntil: .stored) }
    #expect(throws: PublishError.closed) { try hub.channel("a") }
  }

  @Test func whatWaitsForTheRepositoryWhenTheChannelIsRemovedIsPublishedToTheNextOne() async throws {
    let history = InMemoryEventRepository()
    let hub = EventHub(
      channels: ["a"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.repositoryProvider = { _ in history }
      })
    let stack = SimulatedStack(hub: hub)
    let channel = try hub.channel("a")
    #expect(throws: PublishError.recordingChannel("a")) { try channel.publish("1") }
    let publication = Task(executorPreference: executor) { try await channel.publish("1", waitingUntil: .stored) }
    executor.runNext()
    #expect(channel.statistics.waitingPublications == 1)
    channel.remove()
    hub.openChannel("a")
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
    settle(stack, executor)
    let id = try await publication.value
    settle(stack, executor)
    #expect(reader.response.text.contains("data: 1\nid: \(id)\n") && history.newestEventID(in: "a") == id)
  }
}
