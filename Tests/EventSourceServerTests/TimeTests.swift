import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct TimeTests {
  private let beat = ":\n\n"

  @Test func anIdleStreamCarriesAHeartbeatAndABusyOneDoesNot() throws {
    let hub = EventHub(channels: ["quiet", "busy"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let quiet = stack.connect(EventStreamHandler(hub), channels: ["quiet"])
    let busy = stack.connect(EventStreamHandler(hub), channels: ["busy"])
    stack.run()
    for _ in 0..<46 {
      try hub.publish("x", to: "busy")
      stack.advance(by: .seconds(1))
    }
    #expect(quiet.response.text == ":\n" + beat + beat + beat)
    #expect(!busy.response.text.contains(beat))
    #expect(busy.response.text.split(separator: "\n").filter { $0 == ":" }.count == 1)
  }

  @Test func manyIdleReadersAreSeenToTogether() {
    let hub = EventHub(channels: ["quiet"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for _ in 0..<1000 {
      _ = stack.connect(EventStreamHandler(hub), channels: ["quiet"])
      stack.run()
      stack.clock.advance(by: .milliseconds(1))
    }
    var runs = 0
    let end = stack.clock.now + .seconds(15)
    while let next = stack.run(), next <= end {
      stack.clock.advance(to: next)
      runs += 1
    }
    #expect(runs <= 25)
  }

  @Test func aConnectionThatTakesNothingIsCutOff() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let stalled = stack.connect(EventStreamHandler(hub), channels: ["news"], room: 5)
    stack.run()
    try hub.publish("hello", to: "news")
    stack.run()
    stack.advance(by: .seconds(29))
    #expect(!stalled.isFinished)
    stack.advance(by: .seconds(2))
    #expect(stalled.response.ending == .aborted)
    #expect(hub.statistics.streamsEnded == [.stalled: 1])
    #expect(hub.statistics.streamsDropped == 1)
  }

  @Test func aSlowConnectionThatTakesSomethingNowAndThenIsKept() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["news"], room: 0)
    stack.run()
    try hub.publish(String(repeating: "x", count: 100), to: "news")
    for _ in 0..<20 {
      stack.advance(by: .seconds(20))
      slow.read(5)
    }
    #expect(!slow.isFinished)
    #expect(!slow.response.text.contains(":\n\n"))
  }

  @Test func anInterruptedHeartbeatIsCompletedBeforeTheNextEvent() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.openingComment = nil })
    let reader = stack.connect(handler, channels: ["news"], room: 1)
    stack.run()
    stack.advance(by: .seconds(16))
    try hub.publish("hello", to: "news")
    stack.run()
    reader.read()
    stack.run()
    #expect(reader.response.text == ":\n\ndata: hello\nid: \(hub.id(1))\n\n")
  }

  @Test func aStreamEndsAfterItsMaximumConnectionTimeWithARetry() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub,
      configuration: .with {
        $0.maximumStreamDuration = .seconds(100)
        $0.heartbeatInterval = nil
      })
    let readers = (0..<50).map { _ in stack.connect(handler, channels: ["news"]) }
    stack.run()
    var finished: [Int] = []
    for _ in 0..<24 {
      stack.advance(by: .seconds(5))
      finished.append(readers.count(where: \.isFinished))
    }
    // 90 to 110 seconds, spread.
    #expect(finished[16] == 0 && finished[22] == 50)
    #expect((1..<50).contains(finished[19]))
    #expect(readers.allSatisfy { $0.response.ending == .complete && $0.response.text.hasPrefix(":\nretry: ") })
    #expect(hub.statistics.streamsEnded == [.maximumDurationReached: 50])
  }

  @Test func theFirstEventCarriesTheConfiguredRetryBehindTheComment() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(
      EventStreamHandler(
        hub,
        configuration: .with {
          $0.reconnectionTime = .seconds(2)
          $0.reconnectionJitter = 0
          $0.openingComment = "hello"
        }), channels: ["news"])
    stack.run()
    #expect(reader.response.text == ":hello\nretry: 2000\n")
    try hub.publish("first", to: "news")
    stack.run()
    #expect(reader.response.text == ":hello\nretry: 2000\ndata: first\nid: \(hub.id(1))\n\n")
    var parser = EventStreamParser()
    var events: [String] = []
    try parser.parse(reader.response.body) { if case .event(let event) = $0 { events.append(event.data) } }
    #expect(parser.reconnectionTime == .seconds(2) && events == ["first"])
  }

  @Test func coalescingGivesAtMostOneEventPerWindowTheNewest() throws {
    let hub = EventHub(channels: ["flags"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub,
      configuration: .with {
        $0.coalescingWindow = .seconds(1)
        $0.heartbeatInterval = nil
        $0.openingComment = nil
      })
    let readers = (0..<20).map { _ in stack.connect(handler, channels: ["flags"]) }
    stack.run()
    var moments: Set<Int> = []
    for number in 1...50 {
      try hub.publish("\(number)", to: "flags")
      stack.advance(by: .milliseconds(100))
      for reader in readers where !reader.response.body.isEmpty && reader.response.writes == 1 {
        moments.insert(number)
      }
    }
    stack.advance(by: .seconds(2))
    for reader in readers {
      #expect((4...6).contains(reader.response.writes))
      #expect(reader.response.text.hasSuffix("data: 50\nid: \(hub.id(50))\n\n"))
    }
    // They do not all end at the same moment.
    #expect(moments.count > 2)
    let statistics = hub.statistics
    #expect(statistics.eventsCoalesced + statistics.eventsDelivered == 50 * 20)
  }

  @Test func drainingGivesEachReaderWhatIsPublishedARetryAndTheEnd() async throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let readers = (0..<40).map { _ in stack.connect(handler, channels: ["news"]) }
    let stalled = stack.connect(handler, channels: ["news"], room: 0)
    stack.run()
    let drained = Task { await hub.drain(over: .seconds(10)) }
    while stack.wakeUpCount < 1 { await Task.yield() }
    stack.run()
    let refused = stack.connect(handler, channels: ["news"])
    #expect(refused.response.head?.status == 503)
    #expect(refused.response.head?.fields.values(of: "Retry-After") == ["5"])
    stack.advance(by: .seconds(5))
    let early = readers.count(where: \.isFinished)
    #expect(early > 5 && early < 35)
    try hub.publish("last", to: "news")
    stack.advance(by: .seconds(11))
    await drained.value
    let retries = Set(readers.map { $0.response.text.split(separator: "\n").last { $0.hasPrefix("retry") } })
    #expect(retries.count > 30)
    #expect(readers.allSatisfy { $0.response.ending == .complete })
    #expect(readers.count { $0.response.text.contains("last") } == 40 - early)
    #expect(stalled.response.ending == .aborted)
  }

  @Test func closingEndsEveryStreamAndRefusesNewOnes() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    try hub.publish("last", to: "news")
    hub.close()
    stack.run()
    #expect(reader.response.ending == .complete)
    #expect(reader.response.text.contains("data: last\nid: \(hub.id(1))\n\nretry: "))
    #expect(stack.connect(EventStreamHandler(hub), channels: ["news"]).response.head?.status == 503)
    #expect(hub.statistics.readers == 0)
  }

  @Test func aStackThatStopsAbortsItsStreams() {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["news"])
    stack.run()
    stack.lane.close()
    #expect(reader.response.ending == .aborted)
    #expect(stack.connect(EventStreamHandler(hub), channels: ["news"]).response.head?.status == 503)
    #expect(stack.lane.readerCount == 0)
  }
}
