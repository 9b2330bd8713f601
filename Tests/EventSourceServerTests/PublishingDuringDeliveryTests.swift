import Dispatch
import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of other threads that publish while a lane writes to its readers.
@Suite struct PublishingDuringDeliveryTests {
  /// Accepts everything. During the next write another thread publishes, and the write waits for it.
  private final class InterruptedResponse: EventStreamResponse {
    private let hub: EventHub
    var isToBeInterrupted = false
    init(_ hub: EventHub) { self.hub = hub }
    func start(_ head: EventStreamResponseHead) {}
    func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
      if isToBeInterrupted {
        isToBeInterrupted = false
        let isDone = DispatchSemaphore(value: 0)
        DispatchQueue.global().async { [hub] in
          _ = try? hub.publish("meanwhile", to: "a")
          isDone.signal()
        }
        isDone.wait()
      }
      return .accepted(bytes.count)
    }
    func end(_ ending: EventStreamEnding) {}
  }

  @Test func aSlowReaderMayBeAheadOfTheOthers() throws {
    let hub = EventHub(channels: ["a", "b"], configuration: .test)
    let handler = EventStreamHandler(hub)
    let stack = SimulatedStack(hub: hub)
    let response = InterruptedResponse(hub)
    let first = handler.serve(SimulatedRequest(), channels: ["a"], response: response, on: stack.lane)
    let second = stack.connect(handler, channels: ["a", "b"], room: 13_500)
    stack.run()
    // The second burst makes it 16 KiB in total, after which the lane checks its slow readers.
    for count in [12, 5] {
      response.isToBeInterrupted = count == 5
      for _ in 0..<count { try hub.publish(String(repeating: "x", count: 1000), to: "a") }
      stack.run()
    }
    #expect(!second.isFinished)
    second.read()
    stack.run()
    #expect(second.response.text.contains("data: meanwhile\n"))
    withExtendedLifetime(first) {}
  }
}
