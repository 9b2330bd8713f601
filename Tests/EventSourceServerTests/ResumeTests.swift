import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct ResumeTests {
  private func texts(_ connection: SimulatedStack.Connection) -> [String] {
    connection.response.text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
  }

  @Test func aReaderThatReturnsGetsExactlyWhatItMissed() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for number in 1...10 { try hub.publish("\(number)", to: "news") }
    for last in 1...10 {
      let reader = stack.connect(
        EventStreamHandler(hub), SimulatedRequest(lastEventID: hub.id(last)), channels: ["news"])
      stack.run()
      #expect(texts(reader) == (1...10).filter { $0 > last }.map { "\($0)" })
    }
    #expect(hub.statistics.gaps == 0)
  }

  @Test func anIDOfTheApplicationsOwnIsFoundAsWell() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for number in 1...2000 {
      try hub.publish(ServerSentEvent(data: "\(number)", id: EventID("n\(number)")), to: "news")
    }
    for last in [1, 2, 1000, 1999, 2000] {
      let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: "n\(last)"), channels: ["news"])
      stack.run()
      #expect(texts(reader) == (1...2000).filter { $0 > last }.map { "\($0)" })
    }
  }

  @Test(arguments: [false, true])
  func whatASmallLogHoldsIsGivenInOneWrite(isKeyed: Bool) throws {
    let hub = EventHub(configuration: .test)
    var rules = ChannelConfiguration()
    if isKeyed { rules.slowReaders = .newestPerKey }
    hub.openChannel("news", configuration: rules)
    let stack = SimulatedStack(hub: hub)
    for number in 1...100 { try hub.publish("\(number)", to: "news", coalescingKey: "\(number % 7)") }
    let reader = stack.connect(
      EventStreamHandler(hub, configuration: .with { $0.openingComment = nil }),
      SimulatedRequest(lastEventID: hub.id(1)), channels: ["news"])
    stack.run()
    #expect(texts(reader) == (2...100).map { "\($0)" })
    #expect(reader.response.writes == 1)
  }

  @Test func aReaderThatStallsInASmallLogGoesOnInALargerOne() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for number in 1...3 { try hub.publish("\(number)", to: "news") }
    // The connection is full within the first event.
    let reader = stack.connect(
      EventStreamHandler(hub), SimulatedRequest(lastEventID: hub.id(1)), channels: ["news"], room: 12)
    stack.run()
    for number in 4...1000 { try hub.publish("\(number)", to: "news") }
    reader.read()
    stack.run()
    #expect(texts(reader) == (2...1000).map { "\($0)" })
    #expect(hub.statistics.gaps == 0)
  }

  @Test func theFieldWinsOverTheQuery() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for number in 1...3 { try hub.publish("\(number)", to: "news") }
    let target = "/events?lastEventID=\(hub.id(1))"
    let byQuery = stack.connect(EventStreamHandler(hub), SimulatedRequest(target: target), channels: ["news"])
    let byBoth = stack.connect(
      EventStreamHandler(hub), SimulatedRequest(target: target, lastEventID: hub.id(2)), channels: ["news"])
    stack.run()
    #expect(texts(byQuery) == ["2", "3"])
    #expect(texts(byBoth) == ["3"])
  }

  @Test func withoutALastEventIDAReaderBeginsLiveUnlessConfiguredOtherwise() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    try hub.publish("old", to: "news")
    let live = stack.connect(EventStreamHandler(hub), channels: ["news"])
    let all = stack.connect(
      EventStreamHandler(hub, configuration: .with { $0.replaysToNewReaders = true }), channels: ["news"])
    stack.run()
    #expect(texts(live).isEmpty)
    #expect(texts(all) == ["old"])
  }

  @Test func anIDOfAnotherEpochIsSaidToBeAGap() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    try hub.publish("held", to: "news")
    let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: "other-7"), channels: ["news"])
    stack.run()
    #expect(
      reader.response.text == """
        :
        event: eventsource-gap
        data: {"channel":"news","lastEventID":"other-7","earliestAvailable":"\(hub.id(1))"}

        data: held
        id: \(hub.id(1))


        """
    )
    #expect(hub.statistics.gaps == 1)
  }

  @Test func afterAGapAReaderMayBeGivenOnlyWhatIsLive() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    try hub.publish("held", to: "news")
    let handler = EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .liveOnly })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: "other-7"), channels: ["news"])
    stack.run()
    try hub.publish("live", to: "news")
    stack.run()
    #expect(texts(reader).dropFirst() == ["live"])
  }

  @Test func theLogHoldsNoMoreThanItsLimitsAndResumesExactlyAtItsEdge() throws {
    let hub = EventHub(
      channels: ["news"], configuration: .test { $0.retention = Retention(maximumBytes: 1 << 20, maximumEvents: 5) })
    let stack = SimulatedStack(hub: hub)
    for number in 1...20 { try hub.publish("\(number)", to: "news") }
    // Event 15 was evicted, but everything after it is retained.
    let edge = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: hub.id(15)), channels: ["news"])
    let past = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: hub.id(14)), channels: ["news"])
    stack.run()
    #expect(texts(edge) == ["16", "17", "18", "19", "20"])
    #expect(texts(past).count == 6 && texts(past)[0].contains("\"earliestAvailable\":\"\(hub.id(16))\""))
  }

  @Test func aCompositeIDOfTooManyChannelsIsNotTakenApart() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    try hub.publish("held", to: "news")
    let id = "*" + (0..<400).map { "c\($0):1" }.joined(separator: ",") + ",news:\(hub.id(1))"
    let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: id), channels: ["news"])
    stack.run()
    #expect(hub.statistics.gaps == 1)
    #expect(texts(reader).last == "held")
  }

  @Test func aCompositeIDKeepsItsLength() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.maximumLastEventIDBytes = 100 })
    let reader = stack.connect(handler, channels: ["a", "b"])
    stack.run()
    let long = String(repeating: "i", count: 99)
    try hub.publish(ServerSentEvent(data: "1", id: EventID(long)), to: "a")
    try hub.publish("2", to: "b")
    stack.run()
    // The long ID does not fit, so the event's number identifies it.
    let id = "*a:\(hub.id(1)),b:\(hub.id(1, channel: 2))"
    #expect(reader.response.text.contains("id: \(id)\n"))
    try hub.publish("3", to: "b")
    let back = stack.connect(handler, SimulatedRequest(lastEventID: id), channels: ["a", "b"])
    stack.run()
    #expect(texts(back) == ["3"] && hub.statistics.gaps == 0)
  }

  @Test func anIDFromTheFutureIsNotBelieved() throws {
    let hub = EventHub(channels: ["news"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let unknown = [
      hub.id(1), "\(hub.idPrefix)1-99999999999999999999999", "\(hub.idPrefix)1-", "\(hub.idPrefix)1-x",
      "\(hub.idPrefix)1--1",
      "\(hub.idPrefix)01-0", "\(hub.idPrefix)1-00", hub.id(0, channel: 2), "*", "*a", "*news:%",
    ]
    for id in unknown {
      let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: id), channels: ["news"])
      stack.run()
      #expect(texts(reader).count == 1, "\(id)")
    }
  }

  @Test func agedEventsAreGivenUp() throws {
    let hub = EventHub(
      channels: ["news"], configuration: .test { $0.retention = Retention(maximumAge: .seconds(10)) })
    let stack = SimulatedStack(hub: hub)
    stack.run()
    let empty = hub.statistics.retainedBytes
    try hub.publish("old", to: "news")
    #expect(hub.statistics.retainedBytes > empty)
    stack.clock.advance(by: .seconds(30))
    stack.run()
    #expect(hub.statistics.retainedBytes == empty)
    let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: hub.id(1)), channels: ["news"])
    stack.run()
    try hub.publish("new", to: "news")
    stack.run()
    #expect(texts(reader) == ["new"])
  }

  @Test func severalChannelsOnOneStreamResumeExactly() throws {
    let hub = EventHub(channels: ["a", "b", "c"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let request = SimulatedRequest(target: "/?channel=b&channel=c")
    let reader = stack.connect(handler, request, channels: ["a"])
    stack.run()
    try hub.publish("a1", to: "a")
    try hub.publish("b1", to: "b")
    stack.run()
    #expect(texts(reader) == ["a1", "b1"])
    let ids = reader.response.text.split(separator: "\n").filter { $0.hasPrefix("id: ") }.map { $0.dropFirst(4) }
    #expect(
      ids == [
        "*a:\(hub.id(1)),b:\(hub.id(0, channel: 2)),c:\(hub.id(0, channel: 3))",
        "*a:\(hub.id(1)),b:\(hub.id(1, channel: 2)),c:\(hub.id(0, channel: 3))",
      ])
    reader.disconnect()
    try hub.publish("a2", to: "a")
    try hub.publish("c1", to: "c")
    var resumed = request
    resumed.fields.append(HeaderField("Last-Event-ID", String(ids[0])))
    let again = stack.connect(handler, resumed, channels: ["a"])
    stack.run()
    #expect(texts(again) == ["a2", "b1", "c1"])
    #expect(hub.statistics.gaps == 0)
  }
}
