import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct LimitTests {
  private func statuses(
    _ change: (inout EventHub.Configuration) -> Void, _ requests: [(channel: String, peer: String)]
  ) -> [Int?] {
    let hub = EventHub(channels: ["a", "b"], configuration: .test(change))
    let stack = SimulatedStack(hub: hub)
    return requests.map { request in
      let connection = stack.connect(
        EventStreamHandler(hub), SimulatedRequest(peer: request.peer), channels: [request.channel])
      stack.run()
      return connection.response.head?.status
    }
  }

  @Test func connectionsBeyondALimitAreRefused() {
    let requests = [("a", "1"), ("a", "1"), ("b", "1"), ("b", "2")]
    #expect(statuses({ $0.maximumReaders = 2 }, requests) == [200, 200, 503, 503])
    #expect(statuses({ $0.maximumReadersPerChannel = 1 }, requests) == [200, 503, 200, 503])
    #expect(statuses({ $0.maximumReadersPerCaller = 2 }, requests) == [200, 200, 429, 200])
  }

  @Test func aPlaceIsFreeAgainWhenItsReaderLeaves() {
    let hub = EventHub(
      channels: ["a"],
      configuration: .test {
        $0.maximumReaders = 1
        $0.maximumReadersPerCaller = 1
        $0.maximumReadersPerChannel = 1
      })
    let stack = SimulatedStack(hub: hub)
    for _ in 0..<3 {
      let first = stack.connect(EventStreamHandler(hub), channels: ["a"])
      stack.run()
      #expect(first.response.head?.status == 200)
      #expect(stack.connect(EventStreamHandler(hub), channels: ["a"]).response.head?.status == 503)
      first.disconnect()
    }
  }

  @Test func aReaderThatFallsOutOfTheLogIsCutOffAndMayResume() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.retention = Retention(maximumBytes: 64 << 10) })
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
    let fast = stack.connect(EventStreamHandler(hub), channels: ["a"])
    stack.run()
    for _ in 0..<1000 {
      try hub.publish(String(repeating: "x", count: 100), to: "a")
      stack.run()
    }
    #expect(slow.response.ending == .aborted)
    #expect(!fast.isFinished)
    #expect(hub.statistics.streamsEnded == [.fellBehind: 1])
  }

  @Test func aReaderWithTooMuchWaitingForItIsCutOff() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.channelDefaults.maximumBacklogBytes = 50_000 })
    let stack = SimulatedStack(hub: hub)
    let slow = stack.connect(EventStreamHandler(hub), channels: ["a"], room: 0)
    stack.run()
    for _ in 0..<1000 {
      try hub.publish(String(repeating: "x", count: 100), to: "a")
      stack.run()
    }
    #expect(slow.response.ending == .aborted)
    #expect(hub.statistics.streamsEnded == [.backlog: 1])
  }

  @Test func oneLogKeepsItsBytes() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.retention = Retention(maximumBytes: 100_000) })
    for size in [1, 10, 100, 1000, 10_000] {
      for _ in 0..<500 {
        try hub.publish(String(repeating: "x", count: size), to: "a")
        #expect(hub.statistics.retainedBytes <= 100_100)
      }
    }
  }

  @Test func theHubKeepsItsBytesWhateverItsReadersDo() throws {
    let names = (0..<50).map { ChannelName(stringLiteral: "channel \($0)") }
    let hub = EventHub(
      channels: names, configuration: .test { $0.memoryLimit = 256 << 10 })
    let stack = SimulatedStack(hub: hub)
    for name in names { _ = stack.connect(EventStreamHandler(hub), channels: [name.rawValue], room: 10) }
    stack.run()
    var highest = 0
    for round in 0..<200 {
      for name in names { try hub.publish(String(repeating: "x", count: 50 + round), to: name) }
      highest = max(highest, hub.statistics.retainedBytes)
    }
    stack.run()
    // One publisher may exceed the limit by one segment until it has evicted as much.
    #expect(highest <= (256 << 10) + (64 << 10))
    for name in names { hub.removeChannel(name) }
    // Readers that accept nothing are disconnected five seconds after their closing time.
    stack.advance(by: .seconds(10))
    #expect(hub.statistics.readers == 0)
    #expect(hub.statistics.retainedBytes < 100)
  }
}
