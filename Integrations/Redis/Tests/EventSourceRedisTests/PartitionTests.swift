import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import Testing

/// Tests of a network that loses bytes between a process and a real server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PartitionTests {
  private func withRelay<Result>(_ body: (RedisProcess, RedisRelay) async throws -> Result) async throws -> Result {
    try await RedisProcess.run { server in
      let relay = RedisRelay(to: server)
      defer { relay.end() }
      return try await body(server, relay)
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

  /// Publishes while bytes are lost in one direction, until the history has a number of events, and returns what it has
  /// afterwards.
  private func publish(losing direction: RedisRelay.Direction, untilItHas count: Int) async throws -> [String] {
    try await withRelay { server, relay in
      let repository = try await repository(relay)
      let observer = try await server.repository()
      defer {
        repository.close()
        observer.close()
      }
      _ = try await observer.append([ServerSentEvent(data: "0")], to: "news")
      let ids = try await appendLosingReplies(["1", "2"], by: repository) {
        relay.swallow([direction])
      } until: {
        try server.events(in: "news") == count
      } restore: {
        relay.heal()
      }
      #expect(ids.count == 2)
      guard
        case .contiguous(let events) = try await observer.events(for: ReplayRequest(channel: "news", lastEventID: nil))
      else {
        Issue.record("a gap")
        return []
      }
      return events.map(\.data)
    }
  }

  @Test func aBatchWhoseReplyIsSwallowedIsAddedOnce() async throws {
    #expect(try await publish(losing: .toClient, untilItHas: 3) == ["0", "1", "2"])
  }

  @Test func aBatchThatIsSwallowedIsSentAgain() async throws {
    #expect(try await publish(losing: .toServer, untilItHas: 1) == ["0", "1", "2"])
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
      // On a busy machine, the short time limit may end before the reply comes.
      try await eventually { (try? await cutOff.publish("after")) != nil }
      try await eventually { reader.data.last == "after" }
      let others = Array(reader.data.prefix { $0 != "after" })
      #expect(others == ["before"] + (0..<10).map { "meanwhile \($0)" })
      #expect(Set(reader.data.dropFirst(others.count)) == ["after"])
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
