import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of the statistics of channels.
@Suite struct ChannelStatisticsTests {
  @Test func aChannelSaysWhatItHoldsAndHowItsReadersDo() async throws {
    let executor = ManualTaskExecutor()
    let history = InMemoryEventRepository()
    let known = history.append([ServerSentEvent(data: "old"), ServerSentEvent(data: "older")], to: "a")[0]
    let hub = EventHub(
      channels: ["a"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.retention.maximumEvents = 3
      })
    let stack = SimulatedStack(hub: hub)
    let channel = try hub.channel("a")
    #expect(channel.statistics.oldestID == nil && channel.statistics.timeSinceLastPublication == nil)
    let handler = EventStreamHandler(hub)
    for number in 1...2 { try hub.publish("\(number)", to: "a") }
    let slow = stack.connect(handler, channels: ["a"], room: 0)
    let fast = stack.connect(handler, channels: ["a"])
    stack.run()
    for number in 3...4 { try hub.publish("\(number)", to: "a") }
    try hub.publish(comment: "c", to: "a")
    stack.advance(by: .seconds(7))
    hub.setRepository(history, for: "a")
    let returning = stack.connect(handler, SimulatedRequest(lastEventID: known.rawValue), channels: ["a"])
    stack.run()
    let statistics = channel.statistics
    #expect(statistics.name == "a" && statistics == hub.statistics(of: "a"))
    #expect(statistics.readers == 3 && statistics.readersBehind == 1 && statistics.replayingReaders == 1)
    #expect(statistics.eventsPublished == 5 && statistics.retainedEvents == 3 && statistics.retainedBytes > 0)
    #expect(statistics.oldestID?.rawValue == hub.id(3) && statistics.newestID?.rawValue == hub.id(4))
    #expect(statistics.timeSinceLastPublication == .seconds(7))
    #expect(statistics.hasRepository && statistics.waitingPublications == 0)
    settle(stack, executor)
    slow.read()
    stack.run()
    #expect(channel.statistics.readersBehind == 0 && channel.statistics.replayingReaders == 0)
    for reader in [slow, fast, returning] { reader.disconnect() }
    #expect(channel.statistics.readers == 0 && hub.statistics(of: "b") == nil)
  }

  @Test func aReplayThatEndsInAnyWayIsCountedNoLonger() throws {
    let executor = ManualTaskExecutor()
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    hub.setRepository(InMemoryEventRepository(), for: "a")
    let stack = SimulatedStack(hub: hub)
    let channel = try hub.channel("a")
    for way in 0..<3 {
      let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: "x"), channels: ["a"])
      stack.run()
      #expect(channel.statistics.replayingReaders == 1)
      switch way {
      case 0: reader.disconnect()
      case 1: hub.removeRepository(for: "a", disconnectingReaders: true)
      default: channel.remove()
      }
      settle(stack, executor)
      #expect(reader.isFinished && channel.statistics.replayingReaders == 0 && channel.statistics.readers == 0)
      hub.setRepository(InMemoryEventRepository(), for: "a")
    }
  }

  @Test(arguments: [1, 7, 1000, Int.min, Int.max])
  func everyChannelIsListedOnceWhateverComesAndGoes(limit: Int) throws {
    let hub = EventHub(configuration: .test)
    for number in 0..<500 { hub.openChannel(ChannelName(stringLiteral: "stays\(number)")) }
    for number in 0..<500 { hub.openChannel(ChannelName(stringLiteral: "goes\(number)")) }
    for number in 500..<700 { hub.openChannel(ChannelName(stringLiteral: "stays\(number)")) }
    var listed: [String] = []
    var cursor: ChannelCursor?
    var pages = 0
    repeat {
      let page = hub.channelPage(after: cursor, limit: limit)
      #expect(page.channels.count <= min(max(limit, 1), 1000))
      listed += page.channels.map(\.name.rawValue)
      cursor = page.next
      for number in 0..<40 {
        hub.removeChannel(ChannelName(stringLiteral: "goes\(pages * 40 + number)"))
        if pages < 5 { hub.openChannel(ChannelName(stringLiteral: "comes\(pages)-\(number)")) }
      }
      pages += 1
    } while cursor != nil
    #expect(listed.filter { $0.hasPrefix("stays") } == (0..<700).map { "stays\($0)" })
    #expect(Set(listed).count == listed.count)
  }

  @Test func aListingMayRemoveWhatItSees() throws {
    let hub = EventHub(channels: ["a", "b", "c"], configuration: .test)
    var names: [ChannelName] = []
    hub.forEachChannel { channel in
      names.append(channel.name)
      hub.removeChannel(channel.name)
    }
    #expect(names == ["a", "b", "c"] && hub.statistics.channels == 0)
    #expect(hub.channelPage(after: ChannelCursor(rawValue: .max)) == hub.channelPage())
  }
}
