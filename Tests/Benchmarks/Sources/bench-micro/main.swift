// Counts allocations per delivered and per published event, and per parsed event, and fails where a promise is broken.

import CountedMalloc
import EventSourceFormat
import EventSourceServer
import Glibc

/// A response that takes everything and keeps nothing.
final class Sink: EventStreamResponse {
  var bytes = 0
  func start(_ head: EventStreamResponseHead) {}
  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    self.bytes += bytes.count
    return .accepted(bytes.count)
  }
  func end(_ ending: EventStreamEnding) {}
}

struct Request: EventStreamRequest {
  var method = "GET"
  var target = "/"
  var fields: [EventStreamField] = []
  var peer: String?
}

/// How many allocations `body` makes, once everything that is made at the first time has been made.
func allocations(_ body: () throws -> Void) rethrows -> Double {
  try body()
  let before = counted_allocations()
  try body()
  return Double(counted_allocations() - before)
}

/// Whether the promise is kept.
func check(_ what: String, _ count: Double, atMost limit: Double) -> Bool {
  let isKept = count <= limit
  print("allocations: \(what): \((count * 10_000).rounded() / 10_000)\(isKept ? "" : ", which is more than \(limit)")")
  return isKept
}

/// Delivering: the same publications with readers and without; what is more is the delivery's.
func publish(readers: Int, events: Int) throws -> Double {
  let hub = EventHub(channels: ["a"])
  let lane = hub.makeLane(wake: {})
  let handler = EventStreamHandler(hub)
  var exchanges: [EventStreamExchange] = []
  for _ in 0..<readers {
    exchanges.append(handler.serve(Request(), channels: ["a"], response: Sink(), on: lane))
  }
  var now = Duration.zero
  _ = lane.run(now: now)
  let event = ServerSentEvent(data: String(repeating: "x", count: 100), id: "1")
  return try allocations {
    for _ in 0..<events {
      try hub.publish(event, to: "a")
      now += .milliseconds(1)
      _ = lane.run(now: now)
    }
  }
}

let events = 10_000
let (none, thousand) = (try publish(readers: 0, events: events), try publish(readers: 1000, events: events))
func parse(_ stream: [UInt8]) throws -> Double {
  var parser = EventStreamParser()
  var count = 0
  let made = try allocations {
    count = 0
    try parser.parse(stream) { if case .event = $0 { count += 1 } }
  }
  return made / Double(count)
}

var typical: [UInt8] = []
for number in 0..<1000 {
  let data = String(repeating: "\(number) ", count: 30)
  try EventStreamEncoder.append(
    ServerSentEvent(data: data, type: "update", id: EventID("\(number)")), to: &typical)
}

let areKept = [
  check("per event published, with its own ID", none / Double(events), atMost: 0.1),
  check("per event delivered to one of 1,000 readers", (thousand - none) / Double(events * 1000), atMost: 0),
  check("per event parsed", try parse(typical), atMost: 2),
]
if areKept.contains(false) { exit(1) }
