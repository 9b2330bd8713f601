import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests that an ID permanently identifies one event of one channel.
@Suite struct IdentityTests {
  private func resume(_ hub: EventHub, _ stack: SimulatedStack, after id: EventID, in channel: String) throws
    -> [String]
  {
    let reader = stack.connect(
      EventStreamHandler(hub), SimulatedRequest(lastEventID: id.rawValue), channels: [channel])
    stack.run()
    var parser = EventStreamParser()
    var texts: [String] = []
    try parser.parse(reader.response.body) { element in
      if case .event(let event) = element { texts.append(event.type == "eventsource-gap" ? "gap" : event.data) }
    }
    reader.disconnect()
    return texts
  }

  @Test func aChannelThatIsOpenedAgainHasOtherIDs() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    var ids: Set<EventID> = []
    for _ in 0..<5 {
      for number in 1...10 { ids.insert(try hub.publish("\(number)", to: "a")) }
      let last = try hub.publish("last", to: "a")
      #expect(try resume(hub, stack, after: last, in: "a") == [])
      hub.removeChannel("a")
      stack.run()
      hub.openChannel("a")
      try hub.publish("new", to: "a")
      #expect(try resume(hub, stack, after: last, in: "a") == ["gap", "new"])
    }
    #expect(ids.count == 50)
  }

  @Test func anIDThatIsGeneratedForAnotherEventIsRefused() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let own = try hub.publish("1", to: "a")
    for id in [own.rawValue, hub.id(2), hub.id(99), hub.id(1, channel: 3), hub.id(1, channel: 9)] {
      let event = ServerSentEvent(data: "again", id: try EventID(id))
      #expect(throws: PublishError.generatedID(try EventID(id), "a")) { try hub.publish(event, to: "a") }
    }
    #expect(throws: PublishError.self) {
      try hub.publish(ServerSentEvent(data: "both", id: try EventID(hub.id(7, channel: 2))), to: ["a", "b"])
    }
    #expect(hub.statistics.eventsPublished == 1)
  }

  @Test func anEventThatIsForwardedWithItsIDIsResumedAfter() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for number in 1...4 { try hub.publish("a\(number)", to: "a") }
    let id = try hub.publish("a5", to: "a")
    try hub.publish(ServerSentEvent(data: "forwarded", id: id), to: "b")
    for number in 2...10 { try hub.publish("b\(number)", to: "b") }
    #expect(try resume(hub, stack, after: id, in: "b") == (2...10).map { "b\($0)" })
    #expect(try resume(hub, stack, after: id, in: "a") == [])
  }

  @Test func ofEventsWithTheSameIDTheNewestCounts() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.retention = Retention(maximumBytes: 4096) })
    let stack = SimulatedStack(hub: hub)
    for number in 1...30 { try hub.publish(ServerSentEvent(data: "\(number)", id: "same"), to: "a") }
    try hub.publish("last", to: "a")
    #expect(try resume(hub, stack, after: "same", in: "a") == ["last"])
  }

  @Test func idsAreComparedByTheirBytes() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    try hub.publish(ServerSentEvent(data: "1", id: "\u{E9}"), to: "a")
    try hub.publish(ServerSentEvent(data: "2", id: "e\u{301}"), to: "a")
    #expect(try resume(hub, stack, after: "\u{E9}", in: "a") == ["2"])
    #expect(try resume(hub, stack, after: "e\u{301}", in: "a") == [])
  }
}
