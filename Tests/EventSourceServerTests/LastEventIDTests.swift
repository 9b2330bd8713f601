import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests where the last event ID of a request comes from, and the effect of one that no event can have.
@Suite struct LastEventIDTests {
  private let hub = EventHub(channels: ["news"], configuration: .test)

  /// Returns the data that a returning reader gets, with `gap` for each gap.
  private func resume(
    _ request: SimulatedRequest, _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in }
  ) throws -> [String] {
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(
      EventStreamHandler(hub, configuration: .with(change)), request, channels: ["news"])
    stack.run()
    try #require(reader.response.head?.status == 200)
    defer { reader.disconnect() }
    var parser = EventStreamParser()
    var texts: [String] = []
    try parser.parse(reader.response.body) {
      if case .event(let event) = $0 { texts.append(event.type == "eventsource-gap" ? "gap" : event.data) }
    }
    return texts
  }

  private func publish(_ ids: String...) throws {
    for id in ids { try hub.publish(ServerSentEvent(data: "after \(id)", id: EventID(id)), to: "news") }
  }

  @Test func theFieldWinsAndThenTheFirstItemOfTheQueryWithAValue() throws {
    try publish("1", "2", "3", "4")
    let query = "/events?last-event-id=4&lastEventID=&lastEventId=3"
    #expect(try resume(SimulatedRequest(target: query, lastEventID: "2")) == ["after 3", "after 4"])
    #expect(try resume(SimulatedRequest(target: query, lastEventID: "")) == ["after 4"])
    #expect(try resume(SimulatedRequest(target: query)) == ["after 4"])
    #expect(try resume(SimulatedRequest(target: query)) { $0.lastEventIDQueryItems = ["last-event-id"] } == [])
    #expect(try resume(SimulatedRequest(target: query)) { $0.lastEventIDQueryItems = [] } == [])
    #expect(try resume(SimulatedRequest(target: "/events", lastEventID: "2")).count == 2)
    let lowercase = SimulatedRequest(fields: [HeaderField("last-event-id", "3")])
    #expect(try resume(lowercase) == ["after 4"])
  }

  @Test(arguments: [
    "100%", "%41", "a+b", "ü", "u\u{308}", "日本語", "é%C3%A9", "\u{FFFD}",
  ])
  func anOddIDIsResumedAfterByFieldAndByQuery(id: String) throws {
    try publish("0", id, "1")
    #expect(try resume(SimulatedRequest(lastEventID: id)) == ["after 1"])
    let encoded = id.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(try resume(SimulatedRequest(target: "/events?lastEventID=" + encoded)) == ["after 1"])
  }

  @Test func anIDInAnotherUnicodeFormIsAnotherID() throws {
    try publish("\u{FC}", "1")
    #expect(try resume(SimulatedRequest(lastEventID: "u\u{308}")).first == "gap")
  }

  @Test(arguments: ["a%0Ab", "a%0Db", "a%00b", "%0A", String(repeating: "x", count: 4097)])
  func anIDThatNoEventCanHaveIsToldAsAGap(encoded: String) throws {
    try publish("1", "2")
    let request = SimulatedRequest(target: "/events?lastEventID=" + encoded)
    #expect(try resume(request) == ["gap", "after 1", "after 2"])
    #expect(try resume(request) { $0.gapPolicy = .liveOnly } == ["gap"])
  }

  @Test func anIDThatIsTooLongIsAnsweredAsTheGapPolicySays() throws {
    try publish(String(repeating: "x", count: 10))
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub,
      configuration: .with {
        $0.maximumLastEventIDBytes = 9
        $0.gapPolicy = .reject(status: 410)
      })
    let reader = stack.connect(
      handler, SimulatedRequest(lastEventID: String(repeating: "x", count: 10)), channels: ["news"])
    stack.run()
    #expect(reader.response.head?.status == 410)
  }

  @Test(arguments: ["a\u{0C}b", "a\u{7F}b", "a\tb", " a", "a ", "*a", "", String(repeating: "x", count: 1025)])
  func anIDThatNoReaderCouldBringBackIsNotPublished(id: String) throws {
    #expect(throws: PublishError.self) { try publish(id) }
    #expect(hub.statistics.eventsPublished == 0)
  }

  @Test func anIDOfTheGreatestLengthIsResumedAfter() throws {
    let id = String(repeating: "x", count: EventID.maximumReturnableBytes)
    try publish(id, "1")
    #expect(try resume(SimulatedRequest(lastEventID: id)) == ["after 1"])
  }
}
