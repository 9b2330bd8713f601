import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of changing a channel's rules while it is open.
@Suite struct ReconfigurationTests {
  private func hub(_ change: (inout ChannelConfiguration) -> Void = { _ in }) -> EventHub {
    let hub = EventHub(configuration: .test)
    var rules = ChannelConfiguration()
    change(&rules)
    hub.openChannel("a", configuration: rules)
    return hub
  }

  private func texts(_ reader: SimulatedStack.Connection) throws -> [String] {
    var parser = EventStreamParser()
    var texts: [String] = []
    try parser.parse(reader.response.body) { element in
      if case .event(let event) = element { texts.append(event.type == "eventsource-gap" ? "gap" : event.data) }
    }
    return texts
  }

  @Test func whatTheLogHoldsBeyondNewLimitsIsEvictedAtOnce() throws {
    let hub = hub()
    let channel = try hub.channel("a")
    for number in 1...100 { try channel.publish("\(number) " + String(repeating: "x", count: 100)) }
    try channel.reconfigure { $0.retention = Retention(maximumEvents: 10) }
    #expect(channel.statistics.retainedEvents == 10 && channel.statistics.oldestID?.rawValue == hub.id(91))
    #expect(channel.configuration.retention?.maximumEvents == 10)
    let before = channel.statistics.retainedBytes
    for number in 1...100 { try channel.publish("\(number) " + String(repeating: "x", count: 100)) }
    try channel.reconfigure { $0.retention = Retention(maximumBytes: 1024) }
    #expect(channel.statistics.retainedBytes < before + 16_384 && channel.statistics.retainedEvents >= 1)
    try channel.reconfigure { $0.retention = nil }
    for number in 1...100 { try channel.publish("\(number)") }
    #expect(channel.statistics.retainedEvents >= 101)
    #expect(channel.statistics.newestID?.rawValue == hub.id(300))
  }

  @Test func theAgeOfAChannelsEventsIsItsOwn() throws {
    let hub = EventHub(channels: ["a", "b", "c"], configuration: .test { $0.retention.maximumAge = .seconds(60) })
    let stack = SimulatedStack(hub: hub)
    var rules = ChannelConfiguration()
    rules.retention = Retention(maximumAge: nil)
    hub.openChannel("d", configuration: rules)
    try hub.reconfigure("b") { $0.retention = Retention(maximumAge: .seconds(10)) }
    try hub.reconfigure("c") { $0.retention = Retention(maximumAge: .seconds(600)) }
    for name in ["a", "b", "c", "d"] as [ChannelName] { try hub.publish("1", to: name) }
    func held() -> [Int] {
      (["a", "b", "c", "d"] as [ChannelName]).map { hub.statistics(of: $0)?.retainedEvents ?? -1 }
    }
    stack.advance(by: .seconds(9))
    #expect(held() == [1, 1, 1, 1])
    stack.advance(by: .seconds(5))
    #expect(held() == [1, 0, 1, 1])
    stack.advance(by: .seconds(60))
    #expect(held() == [0, 0, 1, 1])
    stack.advance(by: .seconds(700))
    #expect(held() == [0, 0, 0, 1])
  }

  @Test func aReaderBeyondANewLimitIsSlowAtOnce() throws {
    for rule in 0..<2 {
      let hub = hub()
      let stack = SimulatedStack(hub: hub)
      let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
      let fast = stack.connect(EventStreamHandler(hub), channels: ["a"])
      stack.run()
      for number in 1...50 { try hub.publish("\(number)", to: "a") }
      stack.advance(by: .seconds(5))
      #expect(!slow.isFinished)
      try hub.reconfigure("a") { rules in
        if rule == 0 { rules.maximumBacklogBytes = 100 } else { rules.maximumLag = .seconds(1) }
      }
      stack.run()
      #expect(slow.isFinished && !fast.isFinished)
      #expect(hub.statistics.streamsEnded == [rule == 0 ? .backlog : .lagExceeded: 1])
    }
  }

  @Test func aReaderIsTreatedByTheRuleThatHoldsWhenItIsSlow() throws {
    let hub = hub { $0.retention = Retention(maximumEvents: 5) }
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 2)
    stack.run()
    try hub.publish("1", to: "a")
    stack.run()
    try hub.reconfigure("a") { $0.slowReaders = .skipToNewest }
    for number in 2...50 { try hub.publish("\(number)", to: "a") }
    stack.run()
    slow.read()
    stack.run()
    #expect(try texts(slow) == ["gap", "50"])
  }

  @Test func readersGetTheNewestOfEachKeyFromTheChangeOn() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 2)
    stack.run()
    // These were published before the change, so they have no keys.
    for number in 1...3 { try hub.publish("old \(number)", to: "a", coalescingKey: "k") }
    stack.run()
    try hub.reconfigure("a") { $0.slowReaders = .newestPerKey }
    for number in 1...3 { try hub.publish("\(number)", to: "a", coalescingKey: "k") }
    stack.run()
    slow.read()
    stack.run()
    #expect(try texts(slow) == ["old 1", "old 2", "old 3", "3"])
    // After changing back, a slow reader gets every event again.
    slow.response.room = 0
    try hub.publish("4", to: "a", coalescingKey: "k")
    stack.run()
    for number in 5...6 { try hub.publish("\(number)", to: "a", coalescingKey: "k") }
    try hub.reconfigure("a") { $0.slowReaders = .disconnect }
    for number in 7...8 { try hub.publish("\(number)", to: "a", coalescingKey: "k") }
    stack.run()
    slow.read()
    stack.run()
    #expect(try texts(slow) == ["old 1", "old 2", "old 3", "3", "4", "5", "6", "7", "8"])
  }

  @Test func coalescingBeginsAndEndsWhileReadersAreThere() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let readers = (0..<4).map { _ in stack.connect(EventStreamHandler(hub), channels: ["a"]) }
    let both = stack.connect(EventStreamHandler(hub), channels: ["a", "b"])
    stack.run()
    try hub.publish("1", to: "a")
    stack.run()
    try hub.reconfigure("a") { $0.coalescingWindow = .seconds(10) }
    for number in 2...5 {
      try hub.publish("\(number)", to: "a")
      stack.run()
    }
    try hub.publish("b1", to: "b")
    stack.run()
    for reader in readers { #expect(try texts(reader) == ["1"]) }
    #expect(try texts(both) == ["1", "b1"])
    stack.advance(by: .seconds(10))
    for reader in readers { #expect(try texts(reader) == ["1", "5"]) }
    #expect(try texts(both) == ["1", "b1", "5"] && hub.statistics.eventsCoalesced == 15)
    try hub.publish("6", to: "a")
    stack.run()
    try hub.reconfigure("a") { $0.coalescingWindow = .zero }
    stack.run()
    for number in 7...8 { try hub.publish("\(number)", to: "a") }
    stack.run()
    for reader in readers { #expect(try texts(reader) == ["1", "5", "6", "7", "8"]) }
  }

  @Test func aChannelsWindowGoesBeforeTheEndpoints() throws {
    let hub = hub { $0.coalescingWindow = .zero }
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.coalescingWindow = .seconds(10) })
    let reader = stack.connect(handler, channels: ["a"])
    stack.run()
    for number in 1...3 { try hub.publish("\(number)", to: "a") }
    stack.run()
    #expect(try texts(reader) == ["1", "2", "3"])
  }

  @Test func whatCannotBeChangedThrowsAndChangesNothing() throws {
    let hub = hub()
    #expect(throws: ReconfigurationError.unknownChannel("b")) { try hub.reconfigure("b") { _ in } }
    let before = try hub.channel("a").configuration
    for change in [
      { $0.maximumBacklogBytes = 0 }, { $0.retention = Retention(maximumBytes: 1) },
      { $0.coalescingWindow = .nanoseconds(1) },
    ] as [(inout ChannelConfiguration) -> Void] {
      #expect(throws: ReconfigurationError.self) { try hub.reconfigure("a", change) }
    }
    #expect(try hub.channel("a").configuration == before)
  }

  @Test(.timeLimit(.minutes(1))) func changesFromManyThreadsAllCount() async throws {
    let hub = hub { $0.maximumBacklogBytes = 1 }
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
    stack.run()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for number in 0..<100 {
            try? hub.reconfigure("a") { rules in
              rules.maximumBacklogBytes! += 1
              rules.slowReaders = number % 2 == 0 ? .newestPerKey : .skipToNewest
            }
            _ = try? hub.publish("\(number)", to: "a", coalescingKey: "\(number % 3)")
          }
        }
      }
    }
    stack.run()
    #expect(try hub.channel("a").configuration.maximumBacklogBytes == 401)
    #expect(try texts(reader).count == 400)
  }
}
