import EventSourceFormat
import EventSourceTesting
import Synchronization
import Testing

@testable import EventSourceServer

/// Tests of readers that wait until a hub may ask a history for them.
@Suite struct ReplayQueueTests {
  /// A history of three events in every channel.
  private final class History: EventRepository {
    let channels = Mutex<[ChannelName]>([])

    func events(for request: ReplayRequest) async -> ReplayResult {
      channels.withLock { $0.append(request.channel) }
      guard request.lastEventID == "1" else { return .contiguous([]) }
      return .contiguous(["2", "3"].map { ServerSentEvent(data: $0, id: EventID(stringLiteral: $0)) })
    }
  }

  private let executor = ManualTaskExecutor()
  private let history = History()

  private func hub(memoryLimit: Int, _ channels: [ChannelName] = ["news"]) -> EventHub {
    let hub = EventHub(
      channels: channels,
      configuration: .test {
        $0.taskExecutor = executor
        $0.memoryLimit = memoryLimit
      })
    for channel in channels { hub.setRepository(history, for: channel) }
    return hub
  }

  private func resume(_ stack: SimulatedStack, _ hub: EventHub, _ count: Int, in channel: String = "news")
    -> [SimulatedStack.Connection]
  {
    let handler = EventStreamHandler(hub)
    let readers = (0..<count).map { _ in
      stack.connect(handler, SimulatedRequest(lastEventID: "1"), channels: [channel])
    }
    stack.run()
    return readers
  }

  private func runAll(_ stack: SimulatedStack) {
    repeat {
      executor.run()
      stack.run()
    } while executor.count > 0
  }

  @Test func readersThatWaitForASlotCostNothingUntilTheyGetOne() {
    let hub = hub(memoryLimit: 64 << 20)
    let queued = Mutex(0)
    hub.observeTransitions { _, after in
      if case .replaying(.queued) = after { queued.withLock { $0 += 1 } }
    }
    let stack = SimulatedStack(hub: hub)
    let readers = resume(stack, hub, 2_000)
    #expect(executor.count == 64)
    runAll(stack)
    #expect(readers.allSatisfy { $0.response.text.contains("data: 3\n") })
    // Each reader asks twice: for the events, and for what follows them.
    #expect(queued.withLock { $0 } <= 2 * 2_000)
  }

  @Test func aChannelWithManyWaitingReadersLeavesOthersTheirTurn() {
    let hub = hub(memoryLimit: 1 << 20, ["a", "b", "c"])
    let stack = SimulatedStack(hub: hub)
    // Each of the first two has half of the slots.
    let readers = resume(stack, hub, 50, in: "a") + resume(stack, hub, 50, in: "b") + resume(stack, hub, 1, in: "c")
    #expect(executor.count == 4)
    let wasAsked = { history.channels.withLock { $0.contains("c") } }
    var answers = 0
    while !wasAsked(), answers < 100 {
      executor.runNext()
      stack.run()
      answers += 1
    }
    #expect(answers < 20)
    runAll(stack)
    #expect(readers.allSatisfy { $0.response.text.contains("data: 3\n") })
  }

  @Test func aReaderWaitsLongForASlotWhileOthersGetOne() {
    let hub = hub(memoryLimit: 1 << 20)
    let stack = SimulatedStack(hub: hub)
    let readers = resume(stack, hub, 5)
    #expect(executor.count == 2)
    stack.advance(by: .seconds(20))
    executor.runNext()
    stack.run()
    // The other history's answer is late now.
    stack.advance(by: .seconds(11))
    #expect(readers.filter(\.isFinished).count == 1)
    runAll(stack)
    #expect(readers.filter { $0.response.text.contains("data: 3\n") }.count == 4)
  }
}
