import EventSourceFormat
import EventSourceServer

/// The promises of a `SharedEventRepository`, in addition to those of ``RepositoryContract``. Each check creates
/// several repositories over one store, like the repositories of several processes.
public enum SharedRepositoryContract: Sendable {
  /// One promise.
  public struct Check: Sendable, CustomStringConvertible {
    /// The promise in words.
    public let description: String
    private let body: @Sendable ([any SharedEventRepository], any SharedRepositoryHarness) async throws -> Void

    init(
      _ description: String,
      _ body: @escaping @Sendable ([any SharedEventRepository], any SharedRepositoryHarness) async throws -> Void
    ) {
      self.description = description
      self.body = body
    }

    /// Runs the check, which takes about a second.
    ///
    /// - Throws: ``ContractViolation``, or any error of the harness.
    public func verify(_ harness: some SharedRepositoryHarness) async throws {
      let repositories = try await harness.makeRepositories(3)
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(repositories, harness))
      } catch {
        result = .failure(error)
      }
      await harness.close(repositories)
      try result.get()
    }
  }

  /// All promises.
  public static let checks: [Check] = [
    Check("a batch gets contiguous positions, and what is read has them") { nodes, _ in
      var places: [SharedPlace] = []
      for (round, node) in (nodes + nodes).enumerated() {
        places += try await node.append((0...round).map { SharedPublication(event("\(round) \($0)")) }, to: "a")
      }
      for node in nodes {
        let found = try await node.everything(in: "a", batch: 4)
        try require(found.map(\.position) == places.map(\.position), "the positions read are those that were given")
        try require(found.map(\.event.id) == places.map(\.id), "the IDs read are those that were given")
      }
      try require(places.areContiguous, "positions are contiguous")
    },
    Check("several processes that add at the same time make one order") { nodes, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (number, node) in nodes.enumerated() {
          group.addTask {
            for index in 0..<40 {
              _ = try await node.append(
                (0..<(index % 3 + 1)).map { SharedPublication(event("\(number) \(index) \($0)")) }, to: "a")
            }
          }
        }
        try await group.waitForAll()
      }
      let orders = try await [nodes[0].everything(in: "a", batch: 7), nodes[1].everything(in: "a", batch: 1000)]
      try require(orders[0] == orders[1], "every process sees the same order")
      try require(orders[0].count == 3 * 79, "nothing is missing and nothing is there twice")
      try require(orders[0].map { SharedPlace(position: $0.position, id: $0.event.id!) }.areContiguous, "no hole")
    },
    Check("after each position comes exactly what follows it, in bounded batches") { nodes, _ in
      let places = try await nodes[0].append((0..<10).map { SharedPublication(event("\($0)")) }, to: "a")
      for (index, place) in places.enumerated() {
        let answer = try await nodes[1].events(after: place.position, in: "a", maximumEvents: 3, maximumBytes: 1 << 20)
        guard case .contiguous(let events) = answer else {
          throw ContractViolation("nothing is missing after \(place)")
        }
        try require(events.map(\.position) == places[(index + 1)...].prefix(3).map(\.position), "what follows")
      }
      let answer = try await nodes[2].events(after: places[0].position, in: "a", maximumEvents: 9, maximumBytes: 1)
      guard case .contiguous(let events) = answer else { throw ContractViolation("nothing is missing") }
      try require(events.count == 1, "one event comes, however few bytes are allowed")
    },
    Check("a position that the history does not have is a gap, never an empty answer") { nodes, _ in
      let last = try await nodes[0].append([SharedPublication(event("1")), SharedPublication(event("2"))], to: "a")[1]
      let position = last.position
      for wrong in [
        SharedPosition(epoch: position.epoch, number: position.number + 1),
        SharedPosition(epoch: position.epoch, number: 1 << 40), SharedPosition(epoch: position.epoch + 1, number: 0),
        SharedPosition(epoch: 1, number: 1),
      ] {
        let answer = try await nodes[1].events(after: wrong, in: "a", maximumEvents: 9, maximumBytes: 1 << 20)
        try require(answer == .gap, "after \(wrong) there is \(answer)")
      }
    },
    Check("the newest place is that of the last event") { nodes, _ in
      try require(try await nodes[0].newestPlace(in: "a") == nil, "there is none before the first event")
      let answer = try await nodes[0].events(after: .beginning, in: "a", maximumEvents: 9, maximumBytes: 9)
      try require(answer == .contiguous([]), "an empty history has nothing and lacks nothing")
      for id in ["own", nil] as [EventID?] {
        let last = try await nodes[1].append([SharedPublication(event("1", id))], to: "a")[0]
        try require(try await nodes[2].newestPlace(in: "a") == last, "the newest place")
      }
    },
    Check("an event comes back with its fields, its own ID and its key") { nodes, _ in
      var first = event("line\nline", "own")
      first.type = "update"
      first.reconnectionTime = .milliseconds(1500)
      let publications = [SharedPublication(first, key: "k"), SharedPublication(event(""), key: nil)]
      _ = try await nodes[0].append(publications, to: "a")
      let found = try await nodes[1].everything(in: "a", batch: 10)
      try require(found.map(\.key) == ["k", nil] && found[0].event == first, "what was added")
    },
    Check("what one process publishes reaches the readers of every other, once and in order") { nodes, harness in
      let hubs = nodes.map { node in
        var configuration = EventHub.Configuration()
        configuration.channelCreation = .onDemand
        configuration.repositoryProvider = { _ in node }
        return EventHub(configuration: configuration)
      }
      let stacks = hubs.map { SimulatedStack(hub: $0) }
      let readers = zip(hubs, stacks).map { $1.connect(EventStreamHandler($0), channels: ["a"]) }
      func turn() async throws {
        await harness.deliver()
        for stack in stacks { stack.advance(by: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(1))
      }
      while readers.contains(where: { $0.response.head == nil }) { try await turn() }
      let work = Task {
        for index in 0..<30 { _ = try await hubs[index % 3].publish("\(index)", to: "a", waitingUntil: .stored) }
      }
      let expected = (0..<30).map { "data: \($0)" }
      var turns = 0
      func lines(_ reader: SimulatedStack.Connection) -> [String] {
        reader.response.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("data: ") }
      }
      while readers.contains(where: { lines($0).count < 30 }) {
        turns += 1
        try require(turns < 20_000, "the events do not arrive: \(readers.map { lines($0).count }) of 30")
        try await turn()
      }
      try await work.value
      for reader in readers { try require(lines(reader) == expected, "each reader has every event once, in order") }
      for stack in stacks { stack.lane.close() }
      for hub in hubs { hub.close() }
    },
  ]

  private static func event(_ data: String, _ id: EventID? = nil) -> ServerSentEvent {
    ServerSentEvent(data: data, id: id)
  }
}

extension SharedEventRepository {
  /// Returns all events of a channel from its first one on. None may be missing.
  fileprivate func everything(in channel: ChannelName, batch: Int) async throws -> [SharedEvent] {
    var found: [SharedEvent] = []
    while true {
      let answer = try await events(
        after: found.last?.position ?? .beginning, in: channel, maximumEvents: batch, maximumBytes: 64 << 20)
      guard case .contiguous(let events) = answer else { throw ContractViolation("events are missing") }
      try require(events.count <= batch, "more events come than were allowed")
      if events.isEmpty { return found }
      found += events
    }
  }
}

extension [SharedPlace] {
  fileprivate var areContiguous: Bool { zip(self, dropFirst()).allSatisfy { $0.position.next == $1.position } }
}
