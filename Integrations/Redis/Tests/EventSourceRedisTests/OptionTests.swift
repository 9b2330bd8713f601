import EventSourceFormat
import EventSourceServer
import Foundation
import Testing

@testable import EventSourceRedis

/// Tests of the options with a real server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct OptionTests {
  private func append(_ data: String..., to channel: ChannelName = "news", by repository: RedisEventRepository)
    async throws -> [EventID]
  {
    try await repository.append(data.map { ServerSentEvent(data: $0) }, to: channel)
  }

  private func all(in channel: ChannelName = "news", of repository: RedisEventRepository) async throws -> [String] {
    let answer = try await repository.events(for: ReplayRequest(channel: channel, lastEventID: nil))
    guard case .contiguous(let events) = answer else { return ["\(answer)"] }
    return events.map(\.data)
  }

  @Test(arguments: [Duration.milliseconds(1), .seconds(8), .seconds(3600)])
  func theServerRemembersABatchLongerThanItIsRepeated(_ publishTimeout: Duration) async throws {
    try await RedisProcess.run { server in
      // Short enough to answer in time, because the first connection is open.
      let repository = try await server.repository { $0.publishTimeout = publishTimeout }
      defer { repository.close() }
      while try server.command("KEYS", "eventsource:t:*").isEmpty {
        _ = try? await append("1", by: repository)
      }
      let token = try server.command("KEYS", "eventsource:t:*").split(separator: "\n")[0]
      let life = try #require(Int(try server.command("TTL", String(token))))
      #expect(life >= publishTimeout.components.seconds + 110 && life <= publishTimeout.components.seconds + 121)
    }
  }

  @Test func theServerRemembersOnlyTheNewestBatchAndAddsNoEarlierOne() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      var ids: [EventID] = []
      for number in 0..<20 { ids += try await append("\(number)", by: repository) }
      let tokens = try server.command("KEYS", "eventsource:t:*").split(separator: "\n")
      #expect(tokens.count == 1)
      // A copy of the last batch, and one that arrives after a later one.
      let keys = repository.keys("news") + [String(tokens[0])]
      func copy(_ batch: Int) throws -> String {
        let values = ["\(batch)", "130", "0", "0", "0", "0", "0", "0", "p", "1", "1", "1", "d4:copy."]
        return try redisCLI(["-s", server.socket, "EVAL", RedisScripts.append, "6"] + keys + values)
      }
      let position = try #require(SharedPosition(ids[19].rawValue))
      #expect(try copy(20) == "\(position.epoch) \(position.number) 0")
      #expect(try copy(19).contains("a later batch"))
      #expect(try await all(of: repository) == (0..<20).map { "\($0)" })
    }
  }

  @Test func anEntryHasSeveralEventsOfABatchAndEachCanBeReadAlone() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      let ids = try await repository.append((0..<100).map { ServerSentEvent(data: "\($0)") }, to: "news")
      #expect(try server.command("XLEN", "eventsource:s:news") == "4")
      for (number, id) in ids.enumerated() {
        let request = ReplayRequest(channel: "news", lastEventID: id, maximumEvents: 3)
        guard case .contiguous(let events) = try await repository.events(for: request) else {
          Issue.record("a gap after \(number)")
          continue
        }
        #expect(events.map(\.data) == (number + 1..<100).prefix(3).map { "\($0)" })
      }
    }
  }

  @Test func theNumberOfEventsIsBoundedAlsoIfEachBatchBeginsAnEpoch() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository { $0.retention.maximumEvents = 1000 }
      defer { repository.close() }
      var last = SharedPosition(epoch: 1, number: 0)
      for round in 0..<20 {
        let ahead = EventID(SharedPosition(epoch: last.epoch, number: 1 << 40))
        let batch = (0..<250).map { ServerSentEvent(data: "\($0)", id: $0 == 249 && round > 0 ? ahead : nil) }
        let places = try await repository.append(batch.map { SharedPublication($0) }, to: "news")
        #expect(places[0].position.epoch > last.epoch)
        last = places[249].position
      }
      let count = try #require(try server.events(in: "news"))
      #expect((1000...1400).contains(count))
    }
  }

  @Test func aChannelKeepsAboutAsManyEventsAsConfigured() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository { $0.retention.maximumEvents = 1000 }
      defer { repository.close() }
      for round in 0..<20 {
        let own = try EventID("own \(round)")
        let batch = (0..<250).map { ServerSentEvent(data: "\($0)", id: $0 == 0 ? own : nil) }
        _ = try await repository.append(batch, to: "news")
      }
      let count = try #require(try server.events(in: "news"))
      #expect((1000...1400).contains(count))
      // Own IDs go with their events.
      let own = try #require(Int(try server.command("HLEN", "eventsource:i:news")))
      #expect((4...8).contains(own))
      #expect(try server.command("ZCARD", "eventsource:z:news") == "\(own)")
    }
  }

  @Test func eventsOlderThanConfiguredAreRemoved() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository { $0.retention.maximumAge = .milliseconds(400) }
      defer { repository.close() }
      let first = try await append("old", "old", by: repository)[0]
      try await eventually {
        _ = try await append("next", by: repository)
        return try await all(of: repository).first == "next"
      }
      let answer = try await repository.events(for: ReplayRequest(channel: "news", lastEventID: first))
      guard case .gap = answer else {
        Issue.record("\(answer)")
        return
      }
    }
  }

  @Test func anIdleChannelExpiresAndItsIDsAreNotReused() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository { $0.retention.idleExpiry = .seconds(1) }
      defer { repository.close() }
      let first = try await repository.append([ServerSentEvent(data: "1", id: "own")], to: "news")[0]
      let second = try await append("2", by: repository)[0]
      try await eventually { try server.command("KEYS", "eventsource:?:news").isEmpty }
      let third = try await append("3", by: repository)[0]
      #expect(second != third)
      for id in [first, second] {
        let answer = try await repository.events(for: ReplayRequest(channel: "news", lastEventID: id))
        if case .contiguous = answer { Issue.record("\(id): \(answer)") }
      }
      // Without the option, an earlier time of expiry no longer applies.
      let lasting = try await server.repository()
      defer { lasting.close() }
      _ = try await append("4", by: lasting)
      #expect(try server.command("TTL", "eventsource:s:news") == "-1")
      #expect(try server.command("TTL", "eventsource:m:news") == "-1")
    }
  }

  @Test func databasesOfOneServerAreIndependent() async throws {
    try await RedisProcess.run { server in
      var nodes: [TestNode] = []
      defer { for node in nodes { node.end() } }
      for database in [0, 3] {
        let address = RedisServer(.unixSocket(path: server.socket), database: database)
        nodes.append(TestNode(try await RedisEventRepository([address], configuration: .quick())))
      }
      let readers = [try await nodes[0].connect("news"), try await nodes[1].connect("news")]
      for number in 0..<5 {
        _ = try await nodes[0].publish("0 \(number)")
        _ = try await nodes[1].publish("3 \(number)")
      }
      for (name, reader) in zip(["0", "3"], readers) {
        try await eventually { reader.events.count >= 5 }
        #expect(reader.data == (0..<5).map { "\(name) \($0)" })
      }
      #expect(try server.events(in: "news", database: 3) == 5)
      #expect(nodes.allSatisfy { $0.repository.statistics.messages == 5 })
      let none = RedisServer(.unixSocket(path: server.socket), database: 1_000_000)
      await #expect(throws: RedisHistoryError.self) { try await RedisEventRepository([none]) }
    }
  }

  /// The permissions are those in the documentation.
  @Test func aUserNeedsOnlyTheDocumentedPermissions() async throws {
    try await RedisProcess.run(port: freePort(), ["--appendonly", "yes", "--appendfsync", "everysec"]) { server in
      let permissions = try documentedPermissions()
      #expect(try redisCLI(["-s", server.socket, "ACL", "SETUSER", "anna", "on", ">se@cret"] + permissions) == "OK")
      let address = try RedisServer(url: "redis://anna:se%40cret@localhost:\(server.port!)/0")
      let repository = try await RedisEventRepository(
        [address],
        configuration: .quick {
          $0.retention.maximumAge = .seconds(60)
          $0.retention.idleExpiry = .seconds(600)
        })
      let node = TestNode(repository)
      defer { node.end() }
      let reader = try await node.connect("news")
      for number in 0..<3 { _ = try await node.publish("\(number)") }
      _ = try await repository.append([ServerSentEvent(data: "3", id: "own")], to: "news")
      try await eventually { reader.data == ["0", "1", "2", "3"] }
      #expect(try await all(of: repository) == ["0", "1", "2", "3"])
      #expect(try await repository.newestPlace(in: "news")?.id == "own")
      let denied = try server.command("ACL", "LOG").split(separator: "\n").map(String.init)
      #expect(zip(denied, denied.dropFirst()).filter { $0.0 == "object" }.allSatisfy { $0.1 == "config|get" })
      // Without permission for CONFIG GET, it is unknown whether the server loses events in a crash.
      server.kill()
      try await eventually { !repository.statistics.isConnected }
      try await server.start()
      #expect(try redisCLI(["-s", server.socket, "ACL", "SETUSER", "anna", "on", ">se@cret"] + permissions) == "OK")
      try await eventually { repository.statistics.isConnected }
      _ = try await node.publish("4")
      #expect(repository.statistics.lostTails == 1)
    }
  }

  private func documentedPermissions(besides file: String = #filePath) throws -> [String] {
    let page = URL(fileURLWithPath: file).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/EventSourceRedis/EventSourceRedis.docc/EventSourceRedis.md")
    let line = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix("user ") }
    let words = try #require(line).split(separator: " ").map(String.init)
    return Array(words.drop { !$0.hasPrefix("~") })
  }

  @Test func aMissingPermissionIsNamed() async throws {
    try await RedisProcess.run { server in
      try server.command("ACL", "SETUSER", "anna", "on", ">word", "~*", "&*", "+@all", "-evalsha", "-eval")
      let address = RedisServer(.unixSocket(path: server.socket), user: "anna", password: "word")
      let repository = try await RedisEventRepository([address])
      defer { repository.close() }
      let error = await #expect(throws: RedisHistoryError.self) { try await append("1", by: repository) }
      guard case .notPermitted(_, let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains("evalsha"))
    }
  }

  @Test func publicationsBeyondTheWaitingBytesFailAtOnce() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository {
        $0.maximumWaitingBytes = 100_000
        $0.responseTimeout = .seconds(60)
        $0.publishTimeout = .seconds(60)
      }
      defer { repository.close() }
      _ = try await append("1", by: repository)
      server.signal(SIGSTOP)
      let data = String(repeating: "x", count: 80_000)
      async let first = append(data, by: repository)
      try await eventually { repository.statistics.waitingBytes > 80_000 }
      await #expect(throws: RedisHistoryError.overloaded(server: server.socket, limit: 100_000)) {
        try await append(data, by: repository)
      }
      server.signal(SIGCONT)
      #expect(try await first.count == 1)
      try await eventually { repository.statistics.waitingBytes == 0 }
      #expect(try await append(data, by: repository).count == 1)
    }
  }

  @Test func aBatchThatNoProcessCouldReceiveIsRefusedAndALargerReplyOnlyCostsTheConnection() async throws {
    try await RedisProcess.run { server in
      let small = try await server.repository { $0.maximumReplyBytes = 4 << 20 }
      let large = try await server.repository()
      defer {
        small.close()
        large.close()
      }
      let data = String(repeating: "x", count: 5 << 20)
      let error = await #expect(throws: RedisHistoryError.self) { try await append(data, by: small) }
      guard case .tooLarge(_, _, limit: 4 << 20) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(try await small.newestPlace(in: "news") == nil)
      _ = try await append(data, by: large)
      await #expect(throws: RedisHistoryError.self) { try await all(of: small) }
      try await eventually { small.statistics.isConnected }
      #expect(try await append("2", to: "other", by: small).count == 1)
      #expect(try await all(of: large) == [data])
    }
  }

  @Test func statisticsAndTheLogTellWhatHappens() async throws {
    try await RedisProcess.run { server in
      let logger = CollectingLogger()
      try server.command("CONFIG", "SET", "requirepass", "secret")
      let address = RedisServer(.unixSocket(path: server.socket), password: "secret")
      let repository = try await RedisEventRepository([address], configuration: .quick(), logger: logger)
      let node = TestNode(repository)
      defer { node.end() }
      #expect(repository.statistics.isConnected && repository.statistics.staleFor == nil)
      #expect(repository.statistics.followedChannels == 0 && repository.statistics.lostConnections == 0)
      let reader = try await node.connect("news")
      #expect(repository.statistics.followedChannels == 1)
      _ = try await append("1", "2", "3", by: repository)
      _ = try await append("4", by: repository)
      try await eventually { reader.events.count == 4 }
      #expect(repository.statistics.batches == 2 && repository.statistics.events == 4)
      try await eventually { repository.statistics.messages == 2 }
      let reads = repository.statistics.reads
      _ = try await all(of: repository)
      #expect(repository.statistics.reads > reads)
      server.kill()
      try await eventually { repository.statistics.staleFor != nil }
      #expect(!repository.statistics.isConnected && repository.statistics.lostConnections > 0)
      let stale = try #require(repository.statistics.staleFor)
      try await eventually { repository.statistics.staleFor.map { $0 > stale } ?? false }
      let texts = logger.texts
      #expect(texts.filter { $0.hasPrefix("info: connected to a Redis server server=\(server.socket)") }.count == 2)
      #expect(texts.contains { $0.hasPrefix("error: the connection to a Redis server is lost") })
      #expect(!texts.contains { $0.contains("secret") })
      try await server.start()
      try server.command("CONFIG", "SET", "requirepass", "secret")
      try await eventually { repository.statistics.isConnected }
      _ = try await append("5", by: repository)
      #expect(repository.statistics.lostTails == 1)
      #expect(logger.texts.contains { $0.hasPrefix("warning: a Redis server may have lost events") })
    }
  }

  @Test func ownIDsThatLookLikePositionsNeverCollideAndUseUpNoNumbers() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      var ids = Set<EventID>()
      var count = 0
      for epoch in ["1", "1700000000000000", "9007199254740990", "9007199254740991", "18446744073709551615"] {
        let made = try await repository.append(
          [ServerSentEvent(data: "own", id: EventID("\(epoch)-0")), ServerSentEvent(data: "made")], to: "news")
        ids.formUnion(made)
        count += 2
        let position = try #require(SharedPosition(made[1].rawValue))
        // A publisher uses the ID that the server would generate next. The server does not generate it again.
        let next = try EventID("\(position.epoch)-\(position.number + 1)")
        ids.formUnion(
          try await repository.append(
            [ServerSentEvent(data: "own", id: next), ServerSentEvent(data: "made")], to: "news"))
        count += 2
        #expect(position.epoch < 1 << 52)
      }
      #expect(ids.count == count)
    }
  }
}
