import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of events that are published while a lane opens a stream, as another thread may do at any moment.
@Suite struct PublishWhileOpeningTests {
  private final class Response: EventStreamResponse {
    var onStart: () -> Void = {}
    var onWrite: () -> Void = {}
    var text = ""

    func start(_ head: EventStreamResponseHead) { onStart() }
    func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
      bytes.withUnsafeBytes { text += String(decoding: $0, as: UTF8.self) }
      onWrite()
      onWrite = {}
      return .accepted(bytes.count)
    }
    func end(_ ending: EventStreamEnding) {}
  }

  @Test func nothingIsMissed() throws {
    for (atStart, atWrite) in [(true, false), (false, true), (true, true)] {
      let hub = EventHub(channels: ["a"])
      let lane = hub.makeLane {}
      let response = Response()
      response.onStart = { if atStart { _ = try? hub.publish("at the start", to: "a") } }
      response.onWrite = { if atWrite { _ = try? hub.publish("at the first write", to: "a") } }
      let session: EventStreamSession? = EventStreamHandler(hub).serve(
        SimulatedRequest(), channels: ["a"], response: response, on: lane)
      for _ in 0..<5 { _ = lane.run(now: .zero) }
      #expect(response.text.contains("at the start") == atStart)
      #expect(response.text.contains("at the first write") == atWrite)
      #expect(session?.isFinished == false)
    }
  }
}
