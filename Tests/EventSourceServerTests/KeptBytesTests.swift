import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Stacks that keep the bytes of slow readers without copying them.
@Suite struct KeptBytesTests {
  /// A hundred readers stall, each on another segment, and the segments take more than the hub may hold. A reader of
  /// another channel still gets its event.
  @Test func whatOthersStacksKeepCostsACaughtUpReaderNothing() throws {
    let hub = EventHub(channels: ["b"], configuration: .test { $0.memoryLimit = 4 << 20 })
    // Its readers are not disconnected when their events are evicted, so their stacks continue to keep them.
    var rules = ChannelConfiguration()
    rules.slowReaders = .skipToNewest
    hub.openChannel("a", configuration: rules)
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let reader = stack.connect(handler, channels: ["b"])
    stack.run()
    for _ in 0..<100 {
      let keeping = stack.connect(handler, channels: ["a"], room: 1)
      keeping.response.keepLimit = 4 << 10
      stack.run()
      for _ in 0..<20 {
        try hub.publish(String(repeating: "x", count: 4 << 10), to: "a")
        stack.run()
      }
    }
    try hub.publish("for b", to: "b")
    try hub.publish("for a", to: "a")
    stack.run()
    #expect(reader.response.text.contains("data: for b\n") && !reader.isFinished)
    #expect(hub.statistics.evictedUnoffered == 0)
    #expect(hub.statistics.retainedBytes <= 4 << 20)
  }
}
