import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of readers that receive more slowly than events are published.
@Suite struct SlowReaderTests {
  private func hub(
    _ policy: ChannelConfiguration.SlowReaderPolicy, log: Retention = Retention(), backlog: Int? = nil,
    lag: Duration? = nil, logger: CollectingLogger? = nil
  ) -> EventHub {
    var rules = ChannelConfiguration()
    rules.slowReaders = policy
    rules.maximumBacklogBytes = backlog
    rules.maximumLag = lag
    let hub = EventHub(configuration: .test { $0.retention = log }, logger: logger)
    hub.openChannel("a", configuration: rules)
    return hub
  }

  private func events(_ reader: SimulatedStack.Connection) throws -> [ReceivedEvent] {
    var parser = EventStreamParser()
    var events: [ReceivedEvent] = []
    try parser.parse(reader.response.body) { if case .event(let event) = $0 { events.append(event) } }
    return events
  }

  @Test func aReaderThatSkipsIsToldAndContinuesWithTheNewest() throws {
    let logger = CollectingLogger()
    let hub = hub(.skipToNewest, log: Retention(maximumEvents: 10), logger: logger)
    let stack = SimulatedStack(hub: hub)
    try hub.publish("known", to: "a")
    let reader = stack.connect(
      EventStreamHandler(hub), SimulatedRequest(lastEventID: hub.id(1)), channels: ["a"], room: 0)
    stack.run()
    for number in 1...2000 {
      try hub.publish("\(number) " + String(repeating: "x", count: 50), to: "a")
      stack.run()
    }
    reader.read()
    stack.run()
    try hub.publish("live", to: "a")
    stack.run()
    let events = try events(reader)
    #expect(events.map(\.type) == ["eventsource-gap", "message", "message"])
    #expect(events[0].data == "{\"channel\":\"a\",\"lastEventID\":null,\"earliestAvailable\":\"\(hub.id(2001))\"}")
    #expect(events[1].data.hasPrefix("2000 ") && events[2].data == "live")
    #expect(hub.statistics.eventsSkipped == 1999 && hub.statistics.gaps == 1 && hub.statistics.streamsDropped == 0)
    #expect(logger.records.contains { $0.metadata.contains { $0.name == "reason" && $0.value == "fellBehind" } })
  }

  @Test func aReaderThatSkipsFinishesTheEventThatItHasBegun() throws {
    // After the two bytes of the opening comment.
    for room in 3...82 {
      let hub = hub(.skipToNewest, log: Retention(maximumEvents: 5))
      let stack = SimulatedStack(hub: hub)
      let reader = stack.connect(EventStreamHandler(hub), channels: ["a"], room: room)
      stack.run()
      for number in 1...500 {
        try hub.publish("\(number) " + String(repeating: "x", count: 100), to: "a")
        stack.run()
      }
      reader.read()
      stack.run()
      let events = try events(reader)
      #expect(events.count == 3 && events[0].data.count == 102 && events[2].data.hasPrefix("500 "), "room \(room)")
    }
  }

  @Test func aReaderWithTooMuchWaitingForItSkipsBeforeTheLogGivesAnythingUp() throws {
    let hub = hub(.skipToNewest, backlog: 20_000)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
    stack.run()
    for number in 1...1000 {
      try hub.publish("\(number) " + String(repeating: "x", count: 100), to: "a")
      stack.run()
    }
    reader.read()
    stack.run()
    #expect(try events(reader).count == 2)
    #expect(hub.statistics.eventsSkipped == 999)
  }

  @Test func aReaderThatIsBehindForTooLongIsCutOffThoughItTakesALittle() throws {
    let hub = hub(.disconnect, lag: .seconds(5))
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 10)
    stack.run()
    for _ in 0..<100 { try hub.publish(String(repeating: "x", count: 100), to: "a") }
    stack.run()
    for _ in 0..<4 {
      stack.advance(by: .seconds(1))
      reader.read(10)
      stack.run()
      #expect(reader.response.ending == nil)
    }
    stack.advance(by: .seconds(2))
    #expect(reader.response.ending == .aborted)
    #expect(hub.statistics.streamsEnded == [.lagExceeded: 1])
  }

  @Test func aReaderThatIsBehindForTooLongSkips() throws {
    let hub = hub(.skipToNewest, lag: .seconds(5))
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
    stack.run()
    for number in 1...10 { try hub.publish("\(number)", to: "a") }
    stack.run()
    stack.advance(by: .seconds(6))
    reader.read()
    stack.run()
    #expect(try events(reader).map(\.data).last == "10")
    #expect(hub.statistics.eventsSkipped == 9)
  }

  @Test func aSlowReaderGetsTheNewestOfEachKeyInOrderAndAFastOneGetsAll() throws {
    let hub = hub(.newestPerKey)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let slow = stack.connect(handler, channels: ["a"], room: 0)
    let fast = stack.connect(handler, channels: ["a"])
    stack.run()
    for number in 1...100 {
      try hub.publish(ServerSentEvent(data: "\(number)"), to: "a", coalescingKey: ["x", "y", "z"][number % 3])
      stack.run()
    }
    slow.read()
    stack.run()
    try hub.publish("live", to: "a")
    try hub.publish("live too", to: "a")
    stack.run()
    // The first event is in transit when the reader becomes slow, or must be sent completely.
    #expect(try events(slow).map(\.data) == ["98", "99", "100", "live", "live too"])
    #expect(try events(fast).count == 102)
    #expect(hub.statistics.eventsConflated == 97 && hub.statistics.streamsDropped == 0 && hub.statistics.gaps == 0)
  }

  @Test func withoutAKeyTheTypeIsOne() throws {
    let hub = hub(.newestPerKey)
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
    stack.run()
    for number in 1...10 {
      try hub.publish(ServerSentEvent(data: "p\(number)", type: "price"), to: "a")
      try hub.publish(ServerSentEvent(data: "m\(number)"), to: "a")
      try hub.publish(ServerSentEvent(data: "k\(number)", type: "price"), to: "a", coalescingKey: "price")
    }
    stack.run()
    slow.read()
    stack.run()
    #expect(try events(slow).map(\.data) == ["p10", "m10", "k10"])
  }

  @Test func aReaderThatReturnsGetsAllThatItMissedUnlessItIsSlow() throws {
    let hub = hub(.newestPerKey)
    let stack = SimulatedStack(hub: hub)
    for number in 1...100 { try hub.publish(ServerSentEvent(data: "\(number)"), to: "a") }
    let handler = EventStreamHandler(hub)
    let fast = stack.connect(handler, SimulatedRequest(lastEventID: hub.id(10)), channels: ["a"])
    let slow = stack.connect(handler, SimulatedRequest(lastEventID: hub.id(10)), channels: ["a"], room: 50)
    stack.run()
    slow.read()
    stack.run()
    #expect(try events(fast).map(\.data) == (11...100).map(String.init))
    // The event that it had begun, then the newest.
    #expect(try events(slow).map(\.data) == ["11", "12", "100"])
    #expect(try events(slow).last?.lastEventID == hub.id(100))
  }

  @Test func ifTheEventsToChooseFromAreGoneTheReaderIsTold() throws {
    let hub = hub(.newestPerKey, log: Retention(maximumEvents: 4))
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
    stack.run()
    for number in 1...2000 {
      try hub.publish(ServerSentEvent(data: "\(number)"), to: "a", coalescingKey: "\(number % 4)")
      stack.run()
    }
    slow.read()
    stack.run()
    let events = try events(slow)
    #expect(events.map(\.type) == ["eventsource-gap"] + Array(repeating: "message", count: 4))
    #expect(events.dropFirst().map(\.data) == ["1997", "1998", "1999", "2000"])
  }

  @Test func aStreamOfSeveralChannelsKeepsTheRulesOfEach() throws {
    let hub = hub(.newestPerKey)
    hub.openChannel("b")
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a", "b"], room: 0)
    stack.run()
    for number in 1...50 {
      try hub.publish("a\(number)", to: "a")
      try hub.publish("b\(number)", to: "b")
      stack.run()
    }
    slow.read()
    stack.run()
    let data = try events(slow).map(\.data)
    #expect(data.filter { $0.hasPrefix("b") } == (1...50).map { "b\($0)" })
    #expect(data.filter { $0.hasPrefix("a") }.last == "a50" && data.filter { $0.hasPrefix("a") }.count <= 2)
  }

  @Test func stalledReadersOfManyChannelsStayWithinTheBudget() throws {
    var configuration = EventHub.Configuration.test { $0.memoryLimit = 4 << 20 }
    configuration.channelDefaults.slowReaders = .skipToNewest
    let names = (0..<100).map { ChannelName(stringLiteral: "c\($0)") }
    let hub = EventHub(channels: names, configuration: configuration)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let readers = (0..<3000).map { index in
      stack.connect(handler, channels: [names[index % 100].rawValue, names[(index + 1) % 100].rawValue], room: 5)
    }
    stack.run()
    var most = 0
    for number in 0..<300 {
      for name in names { try hub.publish("\(number) " + String(repeating: "x", count: 900), to: name) }
      stack.run()
      most = max(most, hub.statistics.retainedBytes)
    }
    // A log's newest segment is not evicted while events are appended to it. Copies may take a quarter.
    #expect(most <= 4 << 20 + 1 << 20, "\(most) bytes were held")
    for reader in readers { reader.disconnect() }
    stack.run()
    #expect(hub.statistics.readers == 0)
  }
}
