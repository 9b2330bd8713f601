import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of a history for every channel of a hub.
@Suite struct RepositoryProviderTests {
  private let executor = ManualTaskExecutor()
  private let history = InMemoryEventRepository()

  private func hub(_ change: (inout EventHub.Configuration) -> Void = { _ in }) -> EventHub {
    EventHub(
      configuration: .test {
        $0.taskExecutor = executor
        $0.channelCreation = .onDemand
        $0.retention.maximumEvents = 1
        $0.repositoryProvider = { [history] _ in history }
        change(&$0)
      })
  }

  private func publish(_ text: String, to name: ChannelName, of hub: EventHub) throws -> EventID {
    let id = Mutex<Result<EventID, any Error>?>(nil)
    _ = Task(executorPreference: executor) {
      let result: Result<EventID, any Error>
      do {
        result = .success(try await hub.publish(text, to: name, waitingUntil: .stored))
      } catch {
        result = .failure(error)
      }
      id.withLock { $0 = result }
    }
    executor.run()
    return try #require(id.withLock { $0 }).get()
  }

  @Test func aChannelMadeOnDemandIsRecordedAndReplayed() throws {
    let hub = hub()
    let stack = SimulatedStack(hub: hub)
    #expect(throws: PublishError.recordingChannel("a")) { try hub.publish("plain", to: "a") }
    let first = try publish("1", to: "a", of: hub)
    for number in 2...5 { _ = try publish("\(number)", to: "a", of: hub) }
    _ = try publish("other", to: "b", of: hub)
    let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: first.rawValue), channels: ["a"])
    settle(stack, executor)
    _ = try publish("6", to: "a", of: hub)
    settle(stack, executor)
    #expect(reader.response.text.components(of: "data: ") == ["2", "3", "4", "5", "6"])
  }

  @Test func aForgottenChannelHasItsHistoryAgain() throws {
    let hub = hub { $0.retention.maximumAge = .seconds(1) }
    let stack = SimulatedStack(hub: hub)
    let first = try publish("1", to: "a", of: hub)
    _ = try publish("2", to: "a", of: hub)
    stack.advance(by: .seconds(10))
    #expect(hub.statistics.channels == 0)
    let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: first.rawValue), channels: ["a"])
    settle(stack, executor)
    #expect(reader.response.text.components(of: "data: ") == ["2"])
    reader.disconnect()
    settle(stack, executor)
    #expect(hub.statistics.channels == 0)
  }

  @Test func whatIsSaidOfOneChannelGoesBeforeTheProvider() throws {
    let hub = hub { $0.channelCreation = .explicit }
    let own = InMemoryEventRepository()
    hub.setRepository(own, for: "a")
    hub.openChannel("b")
    _ = try publish("1", to: "a", of: hub)
    _ = try publish("1", to: "b", of: hub)
    #expect(own.newestEventID(in: "a") != nil && history.newestEventID(in: "a") == nil)
    #expect(history.newestEventID(in: "b") != nil)
    hub.removeRepository(for: "a")
    hub.removeRepository(for: "b")
    try hub.publish("2", to: "a")
    try hub.publish("2", to: "b")
    #expect(hub.statistics(of: "b")?.hasRepository == false)
    hub.removeChannel("b")
    hub.openChannel("b")
    #expect(hub.statistics(of: "b")?.hasRepository == true)
  }

  @Test func aChannelThatWasToldItsHistoryIsNotForgotten() throws {
    let hub = hub { $0.retention.maximumAge = .seconds(1) }
    let stack = SimulatedStack(hub: hub)
    hub.openChannel("a")
    hub.openChannel("b")
    hub.setRepository(InMemoryEventRepository(), for: "a")
    hub.removeRepository(for: "b")
    for name in ["a", "b", "c"] as [ChannelName] {
      let reader = stack.connect(EventStreamHandler(hub), channels: [name.rawValue])
      settle(stack, executor)
      reader.disconnect()
    }
    settle(stack, executor)
    #expect(hub.statistics(of: "a") != nil && hub.statistics(of: "b")?.hasRepository == false)
    #expect(hub.statistics.channels == 2)
  }

  @Test func theProviderMayRefuseAndIsAskedForWhatIsMadeOnly() throws {
    let asked = Mutex<[ChannelName]>([])
    let hub = hub { [history] in
      $0.maximumChannels = 2
      $0.repositoryProvider = { name in
        asked.withLock { $0.append(name) }
        return name == "a" ? history : nil
      }
    }
    try hub.publish("1", to: "b")
    _ = try publish("1", to: "a", of: hub)
    #expect(throws: PublishError.tooManyChannels(limit: 2)) { try hub.publish("1", to: "c") }
    try hub.publish("2", to: "b")
    #expect(asked.withLock { $0 } == ["b", "a"])
  }

  /// Removing, opening and forgetting race with recording. Calls of the repository for a channel never overlap.
  @Test(.timeLimit(.minutes(2))) func aRepositoryIsCalledOnceAtATimeForAChannelWhateverItsLife() async throws {
    let repository = SerialRepository()
    let hub = EventHub(
      configuration: .test {
        $0.channelCreation = .onDemand
        $0.repositoryProvider = { _ in repository }
      })
    await withTaskGroup(of: Void.self) { group in
      for publisher in 0..<3 {
        group.addTask {
          for number in 0..<500 {
            _ = try? await hub.publish("\(publisher) \(number)", to: "a", waitingUntil: .stored)
          }
        }
      }
      group.addTask {
        for _ in 0..<1500 {
          hub.removeChannel("a")
          await Task.yield()
        }
      }
    }
    #expect(repository.isSound && repository.count == 1500)
    hub.removeChannel("a")
    // Publishers are resumed before their publications are no longer counted.
    while hub.statistics.waitingPublications > 0, !Task.isCancelled { await Task.yield() }
    #expect(hub.statistics.waitingPublications == 0)
  }
}

/// Detects overlapping calls.
private final class SerialRepository: RecordingEventRepository {
  private let state = Mutex((isBusy: false, isSound: true, count: 0))

  var isSound: Bool { state.withLock { $0.isSound } }
  var count: Int { state.withLock { $0.count } }

  func events(for request: ReplayRequest) async throws -> ReplayResult { .contiguous([]) }

  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    let first = state.withLock { state in
      if state.isBusy { state.isSound = false }
      state.isBusy = true
      defer { state.count += events.count }
      return state.count
    }
    await Task.yield()
    state.withLock { $0.isBusy = false }
    return try events.indices.map { try EventID("n\(first + $0)") }
  }
}

extension String {
  /// Returns the rest of each line that begins with a prefix.
  func components(of prefix: String) -> [String] {
    split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}
