import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests that every wait ends, by its answer, its deadline, cancellation or the end of the hub, and reports what
/// happened.
@Suite(.timeLimit(.minutes(2))) struct WaitTests {
  /// Records when the test opens it.
  private final class Gate: RecordingEventRepository {
    private let state = Mutex<(calls: Int, held: [CheckedContinuation<Void, Never>], isOpen: Bool)>((0, [], false))
    let history = InMemoryEventRepository()

    var calls: Int { state.withLock { $0.calls } }

    func open() {
      let held = state.withLock { state in
        state.isOpen = true
        defer { state.held = [] }
        return state.held
      }
      for continuation in held { continuation.resume() }
    }

    func events(for request: ReplayRequest) async throws -> ReplayResult { history.events(for: request) }

    func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          state.calls += 1
          if !state.isOpen { state.held.append(continuation) }
          return state.isOpen
        }
        if isOpen { continuation.resume() }
      }
      return history.append(events, to: channel)
    }
  }

  private let gate = Gate()

  private func hub(_ change: (inout EventHub.Configuration) -> Void = { _ in }) -> EventHub {
    let hub = EventHub(configuration: .test(change))
    hub.setRepository(gate, for: "a")
    return hub
  }

  private func publish(_ text: String, _ hub: EventHub) -> Task<EventID, any Error> {
    Task { try await hub.publish(text, to: "a", waitingUntil: .stored) }
  }

  private func recording() async { while gate.calls == 0 { await Task.yield() } }

  @Test func aPublisherThatIsCanceledIsToldWhetherItsEventIsRecorded() async throws {
    let hub = hub()
    let first = publish("1", hub)
    await recording()
    let second = publish("2", hub)
    while hub.statistics.waitingPublications < 2 { await Task.yield() }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    first.cancel()
    await #expect(throws: PublishError.outcomeUnknown("a")) { try await first.value }
    gate.open()
    // It was being recorded and is published. The other one is neither recorded nor published.
    _ = try await publish("3", hub).value
    #expect(hub.statistics.eventsPublished == 2 && hub.statistics.waitingPublications == 0)
    hub.removeRepository(for: "a")
  }

  @Test func closingTheHubEndsWhatWaits() async throws {
    let hub = hub()
    let first = publish("1", hub)
    await recording()
    let second = publish("2", hub)
    while hub.statistics.waitingPublications < 2 { await Task.yield() }
    hub.close()
    await #expect(throws: PublishError.outcomeUnknown("a")) { try await first.value }
    await #expect(throws: PublishError.closed) { try await second.value }
    await #expect(throws: PublishError.closed) { try await publish("3", hub).value }
    gate.open()
  }

  @Test func aRepositoryThatDoesNotAnswerIsNotWaitedForWithoutEnd() async throws {
    let hub = hub { $0.recordingTimeout = .milliseconds(20) }
    await #expect(throws: PublishError.outcomeUnknown("a")) { try await publish("1", hub).value }
    gate.open()
    _ = try await publish("2", hub).value
    #expect(hub.statistics.eventsPublished == 2)
  }

  @Test func whatWaitsForARepositoryIsBounded() async throws {
    let hub = hub { $0.memoryLimit = 64 << 10 }
    let text = String(repeating: "x", count: 1000)
    let publications = (0..<40).map { _ in publish(text, hub) }
    var refused = 0
    while hub.statistics.waitingPublications < 7 { await Task.yield() }
    #expect(hub.statistics.retainedBytes < 16 << 10)
    gate.open()
    for publication in publications {
      do { _ = try await publication.value } catch PublishError.recordingBacklog { refused += 1 }
    }
    #expect(refused > 0 && hub.statistics.eventsPublished == 40 - refused)
    #expect(hub.statistics.waitingPublications == 0)
  }

  @Test func anAwaitedOfferEndsByCancellationAndByTheHubsEnd() async throws {
    for isCanceled in [true, false] {
      let hub = EventHub(channels: ["b"], configuration: .test)
      let stack = SimulatedStack(hub: hub)
      _ = stack.connect(EventStreamHandler(hub), channels: ["b"])
      stack.run()
      let publication = Task { try await hub.publish("1", to: "b", waitingUntil: .offered) }
      while hub.statistics.eventsPublished == 0 { await Task.yield() }
      isCanceled ? publication.cancel() : hub.close()
      if isCanceled {
        await #expect(throws: CancellationError.self) { try await publication.value }
      } else {
        await #expect(throws: PublishError.closed) { try await publication.value }
      }
      stack.lane.close()
    }
  }
}
