import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import Foundation
import Testing

/// Tests of failures of a real server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct FaultTests {
  private static let safe = ["--appendonly", "yes", "--appendfsync", "always"]

  private func nodes(_ count: Int, _ server: RedisProcess) async throws -> [TestNode] {
    var nodes: [TestNode] = []
    for _ in 0..<count { nodes.append(TestNode(try await server.repository())) }
    return nodes
  }

  @Test func readersOfAllProcessesReceiveEveryPublicationInOneOrder() async throws {
    try await RedisProcess.run { server in
      let nodes = try await nodes(3, server)
      defer { for node in nodes { node.end() } }
      var readers: [TestReader] = []
      for node in nodes { readers.append(try await node.connect("news")) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (number, node) in nodes.enumerated() {
          group.addTask { for index in 0..<200 { _ = try await node.publish("\(number) \(index)") } }
        }
        try await group.waitForAll()
      }
      for reader in readers { try await eventually { reader.events.count == 600 } }
      #expect(Set(readers.map(\.data)).count == 1)
      #expect(Set(readers[0].data).count == 600)
      // A reader that returns to another process gets exactly the rest.
      let middle = readers[0].events[250]
      let returned = try await nodes[2].connect("news", lastEventID: middle.lastEventID)
      try await eventually { returned.events.count == 349 }
      #expect(returned.data == Array(readers[0].data[251...]) && returned.gaps == 0)
    }
  }

  @Test func aServerThatIsKilledAndWritesEachCommandToItsDiskLosesNothing() async throws {
    // It loads slowly, so that the processes connect meanwhile.
    try await RedisProcess.run(Self.safe + ["--key-load-delay", "300"]) { server in
      try server.command("EVAL", "for key = 1, 4000 do redis.call('SET', key, '1') end", "0")
      let nodes = try await nodes(2, server)
      defer { for node in nodes { node.end() } }
      let readers = [try await nodes[0].connect("news"), try await nodes[1].connect("news")]
      var published: [String] = []
      for round in 0..<2 {
        for index in 0..<20 {
          _ = try await nodes[index % 2].publish("\(round) \(index)")
          published.append("\(round) \(index)")
        }
        server.kill()
        await #expect(throws: (any Error).self) { try await nodes[0].publish("meanwhile") }
        try await server.restart(awaiting: nodes.map(\.repository))
      }
      _ = try await nodes[0].publish("end")
      for reader in readers {
        try await eventually { reader.data.last == "end" }
        #expect(reader.data.filter { $0 != "meanwhile" } == published + ["end"])
        #expect(reader.gaps == 0 && !reader.hasEnded)
      }
    }
  }

  @Test func aServerThatLoadsItsFileIsAwaitedAndNoGapIsReported() async throws {
    try await RedisProcess.run(Self.safe + ["--key-load-delay", "300"]) { server in
      try server.command("EVAL", "for key = 1, 12000 do redis.call('SET', key, '1') end", "0")
      let node = TestNode(try await server.repository())
      let hasty = try await server.repository { $0.publishTimeout = .milliseconds(200) }
      defer {
        node.end()
        hasty.close()
      }
      let reader = try await node.connect("news")
      _ = try await node.publish("before")
      try await eventually { reader.data == ["before"] }
      server.kill()
      try server.launch()
      try await eventually {
        do {
          _ = try await hasty.append([ServerSentEvent(data: "meanwhile")], to: "news")
          throw NeverHappened()
        } catch let error as RedisHistoryError {
          return error == .unreachable(server: server.socket, reason: "it is loading its data")
        } catch PublishError.outcomeUnknown {
          return false
        }
      }
      #expect(!reader.hasEnded)
      try await eventually { node.repository.statistics.isConnected }
      _ = try await node.publish("after")
      try await eventually { reader.data.last == "after" }
      #expect(reader.data.first == "before" && reader.gaps == 0 && !reader.hasEnded)
      #expect(node.repository.statistics.lostTails == 0)
    }
  }

  @Test func aServerThatRestartsEmptyReusesNoIDAndReadersAreToldOfAGap() async throws {
    try await RedisProcess.run { server in
      let nodes = try await nodes(2, server)
      defer { for node in nodes { node.end() } }
      let reader = try await nodes[1].connect("news")
      var ids: [String] = []
      for index in 0..<5 { ids.append(try await nodes[0].publish("before \(index)").rawValue) }
      try await eventually { reader.events.count == 5 }
      server.kill()
      try await server.restart(awaiting: nodes.map(\.repository))
      for index in 0..<5 { ids.append(try await nodes[0].publish("after \(index)").rawValue) }
      #expect(Set(ids).count == 10)
      try await eventually { reader.hasEnded }
      let returned = try await nodes[1].connect("news", lastEventID: reader.lastEventID)
      try await eventually { returned.data.suffix(5) == (0..<5).map { "after \($0)" } }
      #expect(returned.gaps == 1)
    }
  }

  @Test func noIDIsReusedAfterFlushall() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      let before = try await repository.append([SharedPublication(ServerSentEvent(data: "1"))], to: "news")
      try server.command("FLUSHALL")
      let after = try await repository.append([SharedPublication(ServerSentEvent(data: "2"))], to: "news")
      #expect(before[0].position < after[0].position && before[0].position.epoch < after[0].position.epoch)
      #expect(
        try await repository.events(for: ReplayRequest(channel: "news", lastEventID: before[0].id)) == .unknownID)
      #expect(
        try await repository.events(after: before[0].position, in: "news", maximumEvents: 9, maximumBytes: 9) == .gap)
    }
  }

  @Test func aNewEpochBeginsAfterAHistoryHasGoneBackwards() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      let first = try await repository.append([SharedPublication(ServerSentEvent(data: "1"))], to: "news")
      let keys = ["s", "m"].map { "eventsource:\($0):news" }
      for key in keys { try server.command("COPY", key, key + ":old") }
      let lost = try await repository.append([SharedPublication(ServerSentEvent(data: "2"))], to: "news")
      for key in keys { try server.command("COPY", key + ":old", key, "REPLACE") }
      let next = try await repository.append([SharedPublication(ServerSentEvent(data: "3"))], to: "news")
      #expect(next[0].position.epoch > lost[0].position.epoch && next[0].id != lost[0].id)
      #expect(repository.statistics.lostTails == 1)
      // Both readers get a gap: the one that had the lost event, and the one that had the first. The two cannot be told
      // apart.
      for id in [first[0].id, lost[0].id] {
        let answer = try await repository.events(for: ReplayRequest(channel: "news", lastEventID: id))
        if case .contiguous = answer { Issue.record("\(id) is answered \(answer)") }
      }
    }
  }

  @Test func aKeyOfAnotherTypeIsNamedAndNothingIsRecorded() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository { $0.retention.maximumAge = .seconds(60) }
      defer { repository.close() }
      for letter in ["s", "m", "i", "z", "a"] {
        try server.command("FLUSHALL")
        try server.command("SET", "eventsource:\(letter):news", "x")
        await #expect(throws: RedisHistoryError.wrongType(server: server.socket, channel: "news"), "\(letter)") {
          try await repository.append([ServerSentEvent(data: "1", id: "own")], to: "news")
        }
        #expect(try server.command("KEYS", "*") == "eventsource:\(letter):news")
        try server.command("DEL", "eventsource:\(letter):news")
        #expect(try await repository.append([ServerSentEvent(data: "2", id: "own")], to: "news").count == 1)
      }
    }
  }

  @Test func aTruncatedFileIsReportedAsAGapAndReusesNoID() async throws {
    try await RedisProcess.run(Self.safe) { server in
      let nodes = try await nodes(2, server)
      defer { for node in nodes { node.end() } }
      let reader = try await nodes[1].connect("news")
      var ids: [String] = []
      for index in 0..<10 { ids.append(try await nodes[0].publish("before \(index)").rawValue) }
      try await eventually { reader.events.count == 10 }
      server.kill()
      let file = try #require(
        FileManager.default.enumerator(at: server.folder, includingPropertiesForKeys: [])?
          .compactMap { $0 as? URL }.first { $0.lastPathComponent.hasSuffix(".incr.aof") })
      let content = try Data(contentsOf: file)
      // The file ends within the last batch, after a few whole ones were lost, too.
      let cut = try #require(content.range(of: Data("before 7".utf8)))
      try content.prefix(upTo: cut.lowerBound).write(to: file)
      try await server.restart(awaiting: nodes.map(\.repository))
      #expect(try server.events(in: "news") == 7)
      for index in 0..<5 { ids.append(try await nodes[0].publish("after \(index)").rawValue) }
      #expect(Set(ids).count == 15)
      try await eventually { reader.hasEnded }
      let returned = try await nodes[1].connect("news", lastEventID: reader.lastEventID)
      try await eventually { returned.data.suffix(5) == (0..<5).map { "after \($0)" } }
      #expect(reader.gaps + returned.gaps == 1 && returned.events.count == 5)
      // So is a reader whose last event survived.
      let absent = try await nodes[0].connect("news", lastEventID: ids[6])
      try await eventually { absent.data.suffix(5) == (0..<5).map { "after \($0)" } }
      #expect(absent.gaps == 1)
    }
  }

  @Test func aServerWithoutMemoryRefusesAndNothingIsRecorded() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      try server.command("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
      await #expect(throws: RedisHistoryError.outOfMemory(server: server.socket)) {
        try await repository.append([ServerSentEvent(data: "1")], to: "news")
      }
      try server.command("CONFIG", "SET", "maxmemory", "0")
      #expect(try await repository.events(for: ReplayRequest(channel: "news", lastEventID: nil)) == .contiguous([]))
      #expect(try await repository.append([ServerSentEvent(data: "2")], to: "news").count == 1)
    }
  }

  @Test func aReplicaRefuses() async throws {
    try await RedisProcess.run(["--replicaof", "127.0.0.1", "1"]) { server in
      let repository = try await server.repository()
      defer { repository.close() }
      let error = await #expect(throws: RedisHistoryError.self) {
        try await repository.append([ServerSentEvent(data: "1")], to: "news")
      }
      guard case .readOnly = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func aServerThatPausesAddsABatchOnce() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository {
        $0.responseTimeout = .milliseconds(300)
        $0.publishTimeout = .seconds(60)
      }
      let observer = try await server.repository()
      defer {
        repository.close()
        observer.close()
      }
      _ = try await observer.append([ServerSentEvent(data: "0")], to: "news")
      let ids = try await appendLosingReplies(["1"], by: repository) {
        try server.command("CLIENT", "PAUSE", "600000", "WRITE")
      } restore: {
        try server.command("CLIENT", "UNPAUSE")
      }
      guard
        case .contiguous(let events) = try await observer.events(
          for: ReplayRequest(channel: "news", lastEventID: nil))
      else {
        Issue.record("a gap")
        return
      }
      #expect(events.map(\.data) == ["0", "1"] && ids == [events[1].id])
      #expect(repository.statistics.repeatedBatches > 0)
    }
  }

  @Test func aServerThatHangsMakesPublishersThrowWithinTheirTime() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository {
        $0.responseTimeout = .milliseconds(200)
        $0.publishTimeout = .milliseconds(600)
      }
      defer { repository.close() }
      var isOver = false
      while !isOver {
        try await eventually { repository.statistics.isConnected }
        server.signal(SIGSTOP)
        defer { server.signal(SIGCONT) }
        do {
          _ = try await repository.append([SharedPublication(ServerSentEvent(data: "1"))], to: "news")
          Issue.record("a server that hangs has recorded a batch")
        } catch is RedisHistoryError {
          // A probe has lost the connection before the batch was sent.
          continue
        } catch {
          #expect(error as? PublishError == .outcomeUnknown("news"))
        }
        isOver = true
        await #expect(throws: RedisHistoryError.self) { try await repository.newestPlace(in: "news") }
        #expect(repository.statistics.waitingBytes == 0)
      }
    }
  }

  @Test func scriptsThatWereFlushedAreSentAgain() async throws {
    try await RedisProcess.run { server in
      let repository = try await server.repository()
      defer { repository.close() }
      for number in 0..<3 {
        _ = try await repository.append([ServerSentEvent(data: "\(number)")], to: "news")
        try server.command("SCRIPT", "FLUSH")
      }
      guard
        case .contiguous(let events) = try await repository.events(
          for: ReplayRequest(channel: "news", lastEventID: nil))
      else {
        Issue.record("a gap")
        return
      }
      #expect(events.map(\.data) == ["0", "1", "2"])
    }
  }

  @Test func aKilledSubscriptionIsRenewedAndMissedEventsAreFound() async throws {
    try await RedisProcess.run { server in
      let nodes = try await nodes(2, server)
      defer { for node in nodes { node.end() } }
      let reader = try await nodes[1].connect("news")
      for index in 0..<10 {
        try server.command("CLIENT", "KILL", "TYPE", "pubsub")
        _ = try await nodes[0].publish("\(index)")
      }
      try await eventually { reader.data == (0..<10).map { "\($0)" } }
      #expect(reader.gaps == 0)
      #expect(nodes[1].repository.statistics.lostConnections > 0)
    }
  }

  @Test func aWrongPasswordAndAMissingServerAreReportedWhenOpening() async throws {
    try await RedisProcess.run { server in
      try server.command("CONFIG", "SET", "requirepass", "word")
      for password in [nil, "other"] {
        let address = RedisServer(.unixSocket(path: server.socket), password: password)
        let error = await #expect(throws: RedisHistoryError.self) { try await RedisEventRepository([address]) }
        guard case .notPermitted = error else {
          Issue.record("\(String(describing: error))")
          return
        }
      }
      let right = try await RedisEventRepository([RedisServer(.unixSocket(path: server.socket), password: "word")])
      right.close()
    }
    let nowhere = RedisServer(.host("127.0.0.1", port: freePort()))
    let error = await #expect(throws: RedisHistoryError.self) { try await RedisEventRepository([nowhere]) }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func channelsAreSpreadOverServersAndPrefixesKeepApplicationsApart() async throws {
    try await RedisProcess.run { first in
      try await RedisProcess.run { second in
        let servers = [first.server, second.server]
        let repository = try await RedisEventRepository(servers)
        let other = try await RedisEventRepository(servers, configuration: .quick { $0.keyPrefix = "other:" })
        defer {
          repository.close()
          other.close()
        }
        for number in 0..<40 {
          _ = try await repository.append([ServerSentEvent(data: "x")], to: ChannelName("c\(number)"))
        }
        for server in [first, second] {
          let count = try server.command("KEYS", "eventsource:s:*").split(separator: "\n").count
          #expect((5...35).contains(count))
        }
        #expect(try await other.newestPlace(in: "c1") == nil)
      }
    }
  }
}
