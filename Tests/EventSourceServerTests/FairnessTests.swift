import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests that a run of a lane is bounded, and that no reader's events are delayed by those of others.
@Suite struct FairnessTests {
  private func texts(_ reader: SimulatedStack.Connection) throws -> [String] {
    var parser = EventStreamParser()
    var texts: [String] = []
    try parser.parse(reader.response.body) { if case .event(let event) = $0 { texts.append(event.data) } }
    return texts
  }

  @Test func aRunWritesABoundedAmountAndTheNextGoesOn() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let readers = (0..<10_000).map { _ in stack.connect(EventStreamHandler(hub), channels: ["a"]) }
    stack.run()
    try hub.publish("one", to: "a")
    var runs = 0
    var most = 0
    var before = readers.reduce(0) { $0 + $1.response.writes }
    while let next = stack.lane.run(now: stack.clock.now), next <= stack.clock.now {
      let after = readers.reduce(0) { $0 + $1.response.writes }
      most = max(most, after - before)
      before = after
      runs += 1
    }
    #expect(runs >= 16 && most <= 600, "\(runs) runs, \(most) writes in one")
    for reader in readers { #expect(reader.response.text.contains("data: one\n")) }
    #expect(hub.statistics.eventsDelivered == 10_000)
  }

  @Test func readersMayComeAndGoInTheMiddleOfABroadcast() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    for channels in [["a"], ["a", "b"]] {
      var readers = (0..<5000).map { _ in stack.connect(handler, channels: channels) }
      stack.run()
      let number = hub.statistics.eventsPublished
      try hub.publish("first \(number)", to: "a")
      _ = stack.lane.run(now: stack.clock.now)
      // Some have the event, and the others have not been offered it yet.
      #expect(readers.contains { $0.response.text.contains("first") })
      #expect(readers.contains { !$0.response.text.contains("first") })
      for index in stride(from: 4999, through: 0, by: -7) { readers.remove(at: index).disconnect() }
      let late = stack.connect(handler, channels: channels)
      try hub.publish("second \(number)", to: "a")
      stack.run()
      for reader in readers { #expect(try texts(reader) == ["first \(number)", "second \(number)"]) }
      try hub.publish("third \(number)", to: "a")
      stack.run()
      for reader in readers + [late] { #expect(try texts(reader).last == "third \(number)") }
      for reader in readers + [late] { reader.disconnect() }
      stack.run()
    }
    #expect(hub.statistics.readers == 0)
  }

  @Test func aFloodInOneChannelOfAStreamDoesNotHoldUpAnother() throws {
    let hub = EventHub(channels: ["flood", "calm"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let reader = stack.connect(EventStreamHandler(hub), channels: ["flood", "calm"], room: 0)
    stack.run()
    for number in 0..<2000 { try hub.publish("\(number) " + String(repeating: "x", count: 500), to: "flood") }
    try hub.publish("calm", to: "calm")
    stack.run()
    for _ in 0..<10 {
      reader.read(10_000)
      stack.run()
    }
    #expect(try texts(reader).contains("calm"), "after 100 kB of a megabyte")
  }

  @Test func aLargeEventIsLentToStreamsOfSeveralChannels() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    let readers = (0..<100).map { _ in stack.connect(EventStreamHandler(hub), channels: ["a", "b"], room: 1000) }
    stack.run()
    let text = String(repeating: "x", count: 1 << 20)
    try hub.publish(text, to: "a")
    stack.run()
    #expect(hub.statistics.retainedBytes < 3 << 20)
    for reader in readers.prefix(3) {
      reader.read()
      stack.run()
      #expect(try texts(reader) == [text])
      #expect(reader.response.text.hasSuffix("\nid: *a:\(hub.id(1)),b:\(hub.id(0, channel: 2))\n\n"))
    }
  }

  @Test func lanesMayHaveClocksOfDifferentOrigins() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.retention = Retention(maximumAge: .seconds(10)) })
    let late = SimulatedStack(hub: hub)
    late.clock.advance(by: .seconds(1_000_000))
    let early = SimulatedStack(hub: hub)
    early.run()
    late.run()
    let empty = hub.statistics.retainedBytes
    try hub.publish("1", to: "a")
    for stack in [early, late, early] {
      stack.advance(by: .seconds(1))
      #expect(hub.statistics.retainedBytes > empty)
    }
    late.advance(by: .seconds(30))
    #expect(hub.statistics.retainedBytes == empty)
  }
}
