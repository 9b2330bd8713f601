import EventSourceServer

/// A hub with one channel, and one lane with readers that accept everything and keep nothing. It has no thread and no
/// clock.
final class Stack {
  let hub = EventHub(channels: ["a"])
  private let lane: DeliveryLane
  private let handler: EventStreamHandler
  private var sessions: [EventStreamSession] = []
  private var now = Duration.zero

  init(readers: Int) {
    lane = hub.makeLane(wake: {})
    handler = EventStreamHandler(hub)
    for _ in 0..<readers { sessions.append(attach()) }
    run()
  }

  func attach(_ fields: [HeaderField] = []) -> EventStreamSession {
    handler.serve(Request(fields: fields), channels: ["a"], response: Sink(), on: lane)
  }

  func run() {
    now += .milliseconds(1)
    _ = lane.run(now: now)
  }

  private struct Request: EventStreamRequest {
    var method = "GET"
    var target = "/"
    var fields: [HeaderField]
    var peer: String?
  }

  private final class Sink: EventStreamResponse {
    private var bytes = 0
    func start(_ head: EventStreamResponseHead) {}
    func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
      self.bytes += bytes.count
      return .accepted(bytes.count)
    }
    func end(_ ending: EventStreamEnding) {}
  }
}
