import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of events around the size above which they are encoded before their channel is locked.
@Suite struct LargeEventTests {
  private let sizes = [1, 65_000, 65_527, 65_528, 65_529, 65_536, 70_000, 1 << 20, 2]

  private func texts(_ reader: SimulatedStack.Connection) throws -> [String] {
    var parser = EventStreamParser()
    var texts: [String] = []
    try parser.parse(reader.response.body) { if case .event(let event) = $0 { texts.append(event.data) } }
    return texts
  }

  @Test(arguments: [false, true]) func anEventOfAnySizeIsWholeAndItsIDIsResumedAfter(hasOwnIDs: Bool) throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
    stack.run()
    let events = sizes.enumerated().map { index, size in
      ServerSentEvent(
        data: String(repeating: "x", count: size), id: hasOwnIDs ? EventID(stringLiteral: "own-\(index)") : nil)
    }
    let ids = try events.map { try hub.publish($0, to: "a") }
    stack.run()
    #expect(try texts(reader).map(\.utf8.count) == sizes)
    #expect(reader.response.text.hasSuffix("\nid: \(ids.last!.rawValue)\n\n"))
    for (index, id) in ids.enumerated() {
      let late = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: id.rawValue), channels: ["a"])
      stack.run()
      #expect(try texts(late).map(\.utf8.count) == Array(sizes[(index + 1)...]))
    }
  }

  @Test func aLargeEventThatIsRefusedLeavesNothingInMemory() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let generated = try hub.publish("one", to: "a")
    let before = hub.statistics.retainedBytes
    let event = ServerSentEvent(data: String(repeating: "x", count: 1 << 20), id: generated)
    #expect(throws: PublishError.self) { try hub.publish(event, to: "a") }
    #expect(hub.statistics.retainedBytes == before)
  }
}
