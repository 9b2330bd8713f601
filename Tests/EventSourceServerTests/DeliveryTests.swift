import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct DeliveryTests {
  let hub = EventHub(channels: ["news", "sports"], configuration: .test)

  @Test func aReaderGetsWhatIsPublishedInOrder() throws {
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    #expect(reader.response.head?.status == 200)
    for number in 1...3 { try hub.publish("event \(number)", to: "news") }
    stack.run()
    #expect(
      reader.response.text == """
        :
        data: event 1
        id: \(hub.id(1))

        data: event 2
        id: \(hub.id(2))

        data: event 3
        id: \(hub.id(3))


        """
    )
  }

  @Test func aBurstIsDeliveredInOneWrite() throws {
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    try hub.publish(String(repeating: "x", count: 100_000), to: "news")
    stack.run()
    let before = reader.response.writes
    for number in 1...500 { try hub.publish("event \(number)", to: "news") }
    stack.run()
    #expect(reader.response.writes == before + 1)
    #expect(hub.statistics.eventsDelivered == 501)
  }

  @Test func publishingWakesASleepingLaneOnce() throws {
    let stack = SimulatedStack(hub: hub)
    _ = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    let before = stack.wakeUpCount
    for number in 1...10 { try hub.publish("event \(number)", to: "news") }
    #expect(stack.wakeUpCount == before + 1)
    stack.run()
    try hub.publish("again", to: "news")
    #expect(stack.wakeUpCount == before + 2)
  }

  @Test func readersOfOtherChannelsGetNothing() throws {
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["sports"])
    stack.run()
    try hub.publish("for others", to: "news")
    stack.run()
    #expect(reader.response.text == ":\n")
  }

  @Test func aShortWriteIsContinuedWhereItStopped() throws {
    for size in 1...60 {
      let hub = EventHub(channels: ["news"], configuration: .test)
      let expected = ":\ndata: first\nid: \(hub.id(1))\n\ndata: second\nid: \(hub.id(2))\n\n"
      let stack = SimulatedStack(hub: hub)
      let reader = stack.connect(EventStreamHandler(hub), channels: ["news"], room: 0)
      stack.run()
      try hub.publish("first", to: "news")
      try hub.publish("second", to: "news")
      stack.run()
      while reader.response.body.count < expected.utf8.count {
        reader.read(size)
        stack.run()
      }
      #expect(reader.response.text == expected)
    }
  }

  @Test func anAcknowledgedEventHasBeenOfferedByEveryLane() async throws {
    let stacks = (0..<3).map { _ in SimulatedStack(hub: hub) }
    let readers = stacks.map { $0.connect(EventStreamHandler(hub), channels: ["news"]) }
    for stack in stacks { stack.run() }
    let published = Task { [hub] in try await hub.publish("hello", to: "news", waitingUntil: .offered) }
    while hub.statistics.eventsPublished == 0 { await Task.yield() }
    stacks[0].run()
    stacks[1].run()
    #expect(readers.prefix(2).allSatisfy { $0.response.text.contains("hello") })
    var acknowledged = false
    for _ in 0..<10_000 where !acknowledged {
      stacks[2].run()
      await Task.yield()
      acknowledged = readers[2].response.text.contains("hello")
    }
    #expect(try await published.value.rawValue == hub.id(1))
  }

  @Test func anAcknowledgementDoesNotWaitForALaneThatIsClosed() async throws {
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    let published = Task { [hub] in try await hub.publish("hello", to: "news", waitingUntil: .offered) }
    while hub.statistics.eventsPublished == 0 { await Task.yield() }
    stack.lane.close()
    _ = try await published.value
    #expect(reader.isFinished)
  }

  @Test func aCommentReachesReaders() throws {
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    try hub.publish(comment: " look", to: "news")
    stack.run()
    #expect(reader.response.text == ":\n: look\n\n")
  }

  @Test func anEventForSeveralChannelsReachesTheReadersOfEach() throws {
    let stack = SimulatedStack(hub: hub)
    let readers = ["news", "sports"].map { stack.connect(EventStreamHandler(hub), channels: [$0]) }
    stack.run()
    let ids = try hub.publish("both", to: ["news", "sports"])
    stack.run()
    #expect(ids.map(\.rawValue) == [hub.id(1), hub.id(1, channel: 2)])
    #expect(zip(readers, ids).allSatisfy { $0.response.text == ":\ndata: both\nid: \($1)\n\n" })
  }

  @Test func nothingIsSentIfOneOfSeveralChannelsIsUnknown() throws {
    #expect(throws: PublishError.unknownChannel("nowhere")) {
      try hub.publish("both", to: ["news", "nowhere"])
    }
    #expect(hub.statistics.eventsPublished == 0)
  }

  @Test func whatCannotBePublishedThrowsAndSendsNothing() throws {
    let hub = EventHub(channels: ["news"], configuration: .test { $0.maximumEventBytes = 64 })
    #expect(throws: PublishError.unusableID(.empty)) {
      try hub.publish(ServerSentEvent(data: "", id: EventID("")), to: "news")
    }
    #expect(throws: PublishError.eventTooLarge(bytes: 108, limit: 64)) {
      try hub.publish(String(repeating: "x", count: 100), to: "news")
    }
    hub.close()
    #expect(throws: PublishError.closed) { try hub.publish("late", to: "news") }
    #expect(hub.statistics.eventsPublished == 0)
  }

  @Test func oneReaderThatTakesNothingDelaysNobody() throws {
    let stack = SimulatedStack(hub: hub)
    let stalled = stack.connect(EventStreamHandler(hub), channels: ["news"], room: 0)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    for number in 1...100 {
      try hub.publish("event \(number)", to: "news")
      stack.run()
    }
    #expect(hub.statistics.eventsDelivered == 100)
    #expect(stalled.response.writes == 1)
    #expect(reader.response.writes == 101)
  }

  @Test func aPeerThatIsGoneIsForgotten() throws {
    let stack = SimulatedStack(hub: hub)
    let readers = (0..<3).map { _ in stack.connect(EventStreamHandler(hub), channels: ["news"]) }
    stack.run()
    readers[0].disconnect()
    readers[1].response.isDisconnected = true
    try hub.publish("hello", to: "news")
    stack.run()
    #expect(hub.statistics.readers == 1)
    #expect(hub.statistics.streamsEnded == [.peerDisconnected: 2])
    #expect(readers[2].response.text == ":\ndata: hello\nid: \(hub.id(1))\n\n")
  }
}
