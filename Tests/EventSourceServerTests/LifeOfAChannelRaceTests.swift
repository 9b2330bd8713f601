import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests the removal of a channel that another thread has just looked up.
@Suite(.serialized) struct LifeOfAChannelRaceTests {
  /// Repeats an action on another thread until a number of rounds have been run.
  private func run(rounds: Int, beside action: @escaping @Sendable () -> Void, _ round: (Int) async throws -> Void)
    async throws
  {
    let isOver = Flag()
    let other = Task.detached {
      while !isOver.isSet { action() }
    }
    do {
      for number in 0..<rounds { try await round(number) }
    } catch {
      isOver.set()
      throw error
    }
    isOver.set()
    await other.value
  }

  private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

  @Test(.timeLimit(.minutes(2))) func aReaderThatSubscribesWhileItsChannelIsRemovedIsEnded() async throws {
    let hub = EventHub(channels: ["x"])
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    try await run(rounds: 20_000) {
      hub.removeChannel("x")
      hub.openChannel("x")
    } _: { _ in
      _ = stack.connect(handler, channels: ["x"])
      stack.run()
    }
    hub.removeChannel("x")
    stack.run()
    stack.advance(by: .seconds(10))
    #expect(hub.statistics.readers == 0)
  }

  @Test(.timeLimit(.minutes(2))) func anAwaitedPublicationOnDemandFindsItsChannelWhileItIsRemoved() async throws {
    let hub = EventHub(configuration: .test { $0.channelCreation = .onDemand })
    try await run(rounds: 50_000) {
      hub.removeChannel("x")
    } _: { _ in
      try await hub.publish("event", to: "x", waitingUntil: .stored)
    }
  }
}
