import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of runs whose history is on a real server and that several processes serve.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SharedRunTests {
  private func nodes(_ count: Int, _ server: RedisProcess) async throws -> [RunNode] {
    var nodes: [RunNode] = []
    for _ in 0..<count { nodes.append(RunNode(try await server.repository())) }
    return nodes
  }

  @Test func viewersOfEveryProcessReceiveARunOfOneProcess() async throws {
    try await RedisProcess.run { server in
      let nodes = try await nodes(3, server)
      defer { for node in nodes { node.end() } }
      let run = try nodes[0].runs.start(id: "job")
      for number in 0..<100 { try await run.write("\(number)", waitingUntil: .stored) }
      var viewers: [TestReader] = []
      for node in nodes { viewers.append(try await node.connect()) }
      for number in 100..<200 { try await run.write("\(number)", waitingUntil: .stored) }
      // One that returns to another process gets exactly the rest.
      try await eventually { viewers[1].events.count > 150 }
      let returned = try await nodes[2].connect(lastEventID: viewers[1].events[120].lastEventID)
      try run.finish("last")
      for viewer in viewers { try await eventually { viewer.hasEnded } }
      try await eventually { returned.hasEnded }
      let expected = (0..<200).map { "\($0)" } + ["last"]
      for viewer in viewers { #expect(Array(viewer.data.dropFirst().dropLast()) == expected) }
      #expect(returned.data == Array(viewers[0].data[121...]) && returned.gaps == 0)
      #expect(Set(viewers.map(\.lastEventID)).count == 1)
      // Nothing is followed any more.
      try await eventually { nodes.allSatisfy { $0.repository.statistics.followedChannels == 0 } }
    }
  }

  @Test func aStopReachesTheProcessThatProducesTheRun() async throws {
    try await RedisProcess.run { server in
      let nodes = try await nodes(2, server)
      defer { for node in nodes { node.end() } }
      let run = try nodes[0].runs.start(id: "job")
      try await run.write("a", waitingUntil: .stored)
      let viewer = try await nodes[1].connect()
      let elsewhere = try #require(try await nodes[1].runs.find("job"))
      #expect(elsewhere.stop(.requested(by: "Eve")))
      #expect(try await elsewhere.ended() == .stopped(.requested(by: nil)))
      #expect(try await run.ended() == .stopped(.requested(by: "Eve")))
      try await eventually { viewer.hasEnded }
      #expect(viewer.data.last?.contains("\"outcome\":\"stopped\"") == true)
    }
  }

  @Test func viewersAreToldWhenTheProducersProcessIsGone() async throws {
    try await RedisProcess.run { server in
      let nodes = try await nodes(3, server)
      defer { for node in nodes { node.end() } }
      let run = try nodes[0].runs.start(id: "job")
      try await run.write("a", waitingUntil: .stored)
      let viewers = [try await nodes[1].connect(), try await nodes[2].connect()]
      // It neither writes nor answers from now on, as after kill -9.
      nodes[0].repository.close()
      for viewer in viewers { try await eventually { viewer.hasEnded } }
      for viewer in viewers {
        #expect(viewer.data.last?.contains("\"outcome\":\"interrupted\"") == true)
        #expect(viewer.lastEventID == "job-2-interrupted")
      }
    }
  }
}

/// A process of a deployment: a collection of runs over Redis, and a stack.
private final class RunNode: Sendable {
  let repository: RedisEventRepository
  let runs: RunCollection
  private let handler: RunHandler
  private let stack: TestStack

  init(_ repository: RedisEventRepository) {
    self.repository = repository
    var hub = EventHub.Configuration()
    hub.followLinger = .milliseconds(100)
    var configuration = RunCollection.Configuration()
    configuration.repository = repository
    configuration.producerTimeout = .seconds(2)
    runs = RunCollection(EventHub(configuration: hub), configuration: configuration)
    handler = RunHandler(runs) { _ in throw EventStreamRejection.forbidden }
    stack = TestStack(runs.hub)
  }

  /// Opens a stream of the run, and returns when its head has arrived.
  func connect(lastEventID: String? = nil) async throws -> TestReader {
    let reader = TestReader()
    stack.connect(reader) { [handler] stack in
      stack.connect(handler, SimulatedRequest(lastEventID: lastEventID), run: "job")
    }
    try await eventually { reader.hasHead }
    return reader
  }

  func end() {
    stack.end()
    runs.close()
    repository.close()
  }
}
