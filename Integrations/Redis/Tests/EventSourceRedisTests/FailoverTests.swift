import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import Testing

/// Tests of replicas, and of a failover by a real Sentinel.
@Suite(.serialized, .timeLimit(.minutes(3))) struct FailoverTests {
  /// A master behind a relay, a replica that replicates through it, and a Sentinel.
  private struct Deployment {
    let master: RedisProcess
    let relay: RedisRelay
    let replica: RedisProcess
    let sentinel: SentinelProcess

    /// The address by Sentinels, of which the first is not there.
    var server: RedisServer {
      RedisServer(
        .sentinels(
          [.init(host: "127.0.0.1", port: freePort()), .init(host: "127.0.0.1", port: sentinel.port)],
          master: "mymaster"))
    }

    func repository() async throws -> RedisEventRepository {
      try await RedisEventRepository([server], configuration: .quick())
    }

    static func run(_ body: (Deployment) async throws -> Void) async throws {
      let settings = ["--appendonly", "yes", "--appendfsync", "always"]
      try await RedisProcess.run(port: freePort(), settings) { master in
        let relay = RedisRelay(to: master)
        defer { relay.end() }
        let following = ["--replicaof", "127.0.0.1", "\(relay.port)"]
        try await RedisProcess.run(port: freePort(), settings + following) { replica in
          let sentinel = try await SentinelProcess(masterPort: relay.port)
          defer { sentinel.end() }
          try await eventually { try master.command("INFO", "replication").contains("state=online") }
          try await eventually {
            try sentinel.command("SENTINEL", "replicas", "mymaster").contains("\nslave\n")
          }
          try await body(
            Deployment(master: master, relay: relay, replica: replica, sentinel: sentinel))
        }
      }
    }
  }

  /// Every ID names the same data, whoever received it.
  private func expectOneEventPerID(_ readers: [TestReader], _ published: [(id: String, data: String)]) {
    var named: [String: String] = [:]
    for (id, data) in readers.flatMap({ $0.events.map { ($0.lastEventID, $0.data) } }) + published {
      #expect(named.updateValue(data, forKey: id) ?? data == data, "\(id) names two events")
    }
  }

  @Test func aFailoverThatLosesTheTailIsReportedAsAGapAndNoIDNamesTwoEvents() async throws {
    try await Deployment.run { deployment in
      let nodes = [TestNode(try await deployment.repository()), TestNode(try await deployment.repository())]
      defer { for node in nodes { node.end() } }
      var published: [(id: String, data: String)] = []
      func publish(_ data: String, by node: TestNode) async throws {
        published.append((try await node.publish(data).rawValue, data))
      }
      let first = try await nodes[0].connect("news")
      let second = try await nodes[1].connect("news")
      for number in 0..<5 { try await publish("before \(number)", by: nodes[number % 2]) }
      try await eventually { first.events.count == 5 && second.events.count == 5 }
      try await eventually { try deployment.replica.events(in: "news") == 5 }
      // From now on the replica receives nothing, although it is connected.
      deployment.relay.silence(connectionsThatSent: "PSYNC")
      for number in 0..<5 { try await publish("lost \(number)", by: nodes[number % 2]) }
      try await eventually { first.events.count == 10 && second.events.count == 10 }
      #expect(try deployment.replica.events(in: "news") == 5)
      deployment.master.kill()
      try await eventually { try deployment.replica.command("ROLE").hasPrefix("master") }
      try await eventually { nodes.allSatisfy { $0.repository.statistics.isConnected } }
      for number in 0..<5 { try await publish("after \(number)", by: nodes[number % 2]) }
      let after = (0..<5).map { "after \($0)" }
      var readers = [first, second]
      for (node, reader) in zip(nodes, [first, second]) {
        try await eventually { reader.hasEnded }
        let returned = try await node.connect("news", lastEventID: reader.lastEventID)
        try await eventually { returned.data.suffix(5) == after }
        #expect(reader.gaps + returned.gaps == 1 && returned.data == after)
        readers.append(returned)
      }
      // A reader that had left before the tail was lost.
      let absent = try await nodes[0].connect("news", lastEventID: first.events[2].lastEventID)
      try await eventually { absent.data.suffix(5) == after }
      #expect(absent.gaps == 1 && absent.data.allSatisfy { !$0.hasPrefix("lost") })
      expectOneEventPerID(readers + [absent], published)
      #expect(nodes.contains { $0.repository.statistics.lostTails > 0 })
    }
  }

  @Test func aMasterThatWasDemotedWithoutNoticeIsLeft() async throws {
    try await Deployment.run { deployment in
      let repository = try await deployment.repository()
      defer { repository.close() }
      _ = try await repository.append([ServerSentEvent(data: "1")], to: "news")
      // The old master only refuses; its connections stay open.
      try deployment.master.command("REPLICAOF", "127.0.0.1", "1")
      let error = await #expect(throws: RedisHistoryError.self) {
        try await repository.append([ServerSentEvent(data: "2")], to: "news")
      }
      guard case .readOnly = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      try await eventually { repository.statistics.lostConnections > 0 }
      try deployment.master.command("REPLICAOF", "NO", "ONE")
      try await eventually { (try? await repository.append([ServerSentEvent(data: "3")], to: "news")) != nil }
    }
  }

  @Test func aPublicationWaitsForReplicasAndTellsIfTooFewConfirm() async throws {
    try await RedisProcess.run(port: freePort()) { master in
      try await RedisProcess.run(["--replicaof", "127.0.0.1", "\(master.port!)"]) { replica in
        // A replica that is called online by its master may still be loading what it was sent.
        try await eventually { try replica.command("INFO", "replication").contains("master_link_status:up") }
        func repository(waitingFor time: Duration) async throws -> RedisEventRepository {
          try await master.repository { $0.durability = .replicas(1, within: time) }
        }
        let patient = try await repository(waitingFor: .seconds(20))
        let repository = try await repository(waitingFor: .milliseconds(500))
        defer {
          patient.close()
          repository.close()
        }
        _ = try await patient.append([ServerSentEvent(data: "1")], to: "news")
        #expect(try replica.events(in: "news") == 1)
        replica.kill()
        await #expect(
          throws: RedisHistoryError.tooFewReplicas(server: master.server.description, confirmed: 0, required: 1)
        ) { try await repository.append([ServerSentEvent(data: "2")], to: "news") }
        guard
          case .contiguous(let events) = try await repository.events(
            for: ReplayRequest(channel: "news", lastEventID: nil))
        else {
          Issue.record("a gap")
          return
        }
        #expect(events.map(\.data) == ["1", "2"])
      }
    }
  }

  @Test func aPromotedReplicaIsNotTrustedToHaveEverything() async throws {
    let safe = ["--appendonly", "yes", "--appendfsync", "always"]
    try await RedisProcess.run(port: freePort(), safe) { master in
      try await RedisProcess.run(safe + ["--replicaof", "127.0.0.1", "\(master.port!)"]) { replica in
        let before = try await master.repository()
        defer { before.close() }
        let id = try await before.append([ServerSentEvent(data: "1")], to: "news")[0]
        try await eventually { try replica.events(in: "news") == 1 }
        try replica.command("REPLICAOF", "NO", "ONE")
        let after = try await replica.repository()
        defer { after.close() }
        _ = try await after.append([ServerSentEvent(data: "2")], to: "news")
        #expect(after.statistics.lostTails == 1)
        let answer = try await after.events(for: ReplayRequest(channel: "news", lastEventID: id))
        if case .contiguous = answer { Issue.record("no gap is reported: \(answer)") }
      }
    }
  }
}
