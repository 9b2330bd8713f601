import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import Testing

/// Tests of a network that loses bytes between a process and a real server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PartitionTests {
  private func withRelay(_ body: (RedisProcess, RedisRelay) async throws -> Void) async throws {
    try await RedisProcess.run { server in
      let relay = RedisRelay(to: server)
      defer { relay.end() }
      try await body(server, relay)
    }
  }

  private func repository(
    _ relay: RedisRelay, _ change: (inout RedisEventRepository.Configuration) -> Void = { _ in }
  ) async throws -> RedisEventRepository {
    try await RedisEventRepository(
      [relay.server],
      configuration: .quick {
        $0.responseTimeout = .seconds(1)
        $0.publishTimeout = .seconds(60)
        change(&$0)
      })
  }

  /// Publishes while bytes are lost in one direction, and returns what the history has afterwards.
  private func publish(
    swallowing direction: RedisRelay.Direction, until isEnough: @escaping (RedisProcess) throws -> Bool
  ) async throws -> (recorded: [String], repeated: Int) {
    var result: (recorded: [String], repeated: Int) = ([], 0)
    try await withRelay { server, relay in
      let repository = try await repository(relay)
      defer { repository.close() }
      _ = try await repository.append([ServerSentEvent(data: "0")], to: "news")
      relay.swallow([direction])
      async let ids = repository.append([ServerSentEvent(data: "1"), ServerSentEvent(data: "2")], to: "news")
      try await eventually { try isEnough(server) && repository.statistics.lostConnections > 0 }
      relay.heal()
      #expect(try await ids.count == 2)
      let observer = try await server.repository()
      defer { observer.close() }
      guard
        case .contiguous(let events) = try await observer.events(for: ReplayRequest(channel: "news", lastEventID: nil))
      else {
        Issue.record("a gap")
        return
      }
      result = (events.map(\.data), repository.statistics.repeatedBatches)
    }
    return result
  }

  @Test func aBatchWhoseReplyIsSwallowedIsAddedOnce() async throws {
    let (recorded, repeated) = try await publish(swallowing: .toClient) { server in
      try server.command("XLEN", "eventsource:s:news") == "3"
    }
    #expect(recorded == ["0", "1", "2"] && repeated >= 1)
  }

  @Test func aBatchThatIsSwallowedIsSentAgain() async throws {
    let (recorded, repeated) = try await publish(swallowing: .toServer) { server in
      try server.command("XLEN", "eventsource:s:news") == "1"
    }
    #expect(recorded == ["0", "1", "2"] && repeated >= 1)
  }

  @Test func aProcessThatIsCutOffMissesNothingAfterwards() async throws {
    try await withRelay { server, relay in
      let cutOff = TestNode(try await repository(relay) { $0.publishTimeout = .milliseconds(500) })
      let other = TestNode(try await server.repository())
      defer {
        cutOff.end()
        other.end()
      }
      let reader = try await cutOff.connect("news")
      _ = try await other.publish("before")
      try await eventually { reader.data == ["before"] }
      relay.swallow([.toServer, .toClient])
      for number in 0..<10 { _ = try await other.publish("meanwhile \(number)") }
      await #expect(throws: (any Error).self) { try await cutOff.publish("refused") }
      try await eventually { cutOff.repository.statistics.staleFor != nil }
      #expect(!reader.hasEnded && reader.data == ["before"])
      relay.heal()
      try await eventually { cutOff.repository.statistics.isConnected }
      _ = try await cutOff.publish("after")
      try await eventually { reader.data.last == "after" }
      #expect(reader.data == ["before"] + (0..<10).map { "meanwhile \($0)" } + ["after"])
      #expect(reader.gaps == 0 && !reader.hasEnded)
    }
  }

  @Test func aSubscriptionThatIsDeadAndLooksAliveIsReplaced() async throws {
    try await withRelay { server, relay in
      let node = TestNode(try await repository(relay))
      let other = TestNode(try await server.repository())
      defer {
        node.end()
        other.end()
      }
      let reader = try await node.connect("news")
      _ = try await other.publish("0")
      try await eventually { reader.data == ["0"] }
      relay.silence(connectionsThatSent: "SUBSCRIBE")
      var published = ["0"]
      func publishUntil(_ isEnough: () -> Bool) async throws {
        while !isEnough() {
          published.append("\(published.count)")
          _ = try await other.publish(published[published.count - 1])
          let count = published.count
          try await eventually { reader.data.count == count }
        }
      }
      try await publishUntil { node.repository.statistics.lostConnections > 0 }
      // The checks find the tail without a subscription, so the count of messages proves that there is one again.
      let received = node.repository.statistics.messages
      try await publishUntil { node.repository.statistics.messages > received }
      #expect(reader.data == published && reader.gaps == 0)
    }
  }
}
