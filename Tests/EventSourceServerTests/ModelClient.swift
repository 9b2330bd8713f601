import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A conforming client over the simulated stack, which knows what it has to see next of each channel.
final class ModelClient {
  let channels: [String]
  private(set) var failures: [String] = []
  /// The number of the next event of each channel; absent until one is known.
  private(set) var next: [String: Int] = [:]
  private let handler: EventStreamHandler
  private let stack: SimulatedStack
  private var connection: SimulatedStack.Connection?
  private var parser = EventStreamParser()
  private var isCut = false
  /// Channels of which the stream has said that events are missing, and has not yet shown the next one.
  private var gaps: Set<String> = []

  init(channels: [String], handler: EventStreamHandler, stack: SimulatedStack) {
    self.channels = channels
    self.handler = handler
    self.stack = stack
  }

  var isConnected: Bool { connection.map { !$0.isFinished && !isCut } ?? false }

  func connect(room: Int, largestWrite: Int, published: @escaping () -> [String: Int], beforeWrite: (() -> Void)? = nil)
  {
    takeIn()
    let id = parser.lastEventID.isEmpty ? nil : parser.lastEventID
    parser.reset()
    gaps = []
    isCut = false
    let target = "/?" + channels.dropFirst().map { "channel=\($0)" }.joined(separator: "&")
    let connection = stack.connect(
      handler, SimulatedRequest(target: target, lastEventID: id), channels: [channels[0]], room: room)
    connection.response.largestWrite = largestWrite
    connection.response.beforeWrite = beforeWrite
    if id == nil {
      // Who has seen the head gets everything that is published from then on.
      connection.response.onStart = { [unowned self] in
        next = published().filter { channels.contains($0.key) }.mapValues { $0 + 1 }
      }
    }
    self.connection = connection
    // Its place is taken before anything else is published.
    stack.run()
    if connection.response.head?.status != 200 { failures.append("refused: \(connection.response.head?.status ?? 0)") }
    takeIn()
  }

  func read(_ count: Int) { connection?.read(count) }

  func readOn() {
    connection?.response.largestWrite = .max
    connection?.read()
  }

  func hangUp() { connection?.hangUp() }

  /// The network breaks: the stack finds out by its next write.
  func cut() {
    connection?.response.isCut = true
    isCut = true
  }

  /// Parses what has come and compares it with what has to come.
  func takeIn() {
    guard let connection else { return }
    do {
      try parser.parse(connection.response.takeBody()) { element in
        if case .event(let event) = element { receive(event) }
      }
    } catch {
      failures.append("the stream cannot be parsed: \(error)")
    }
  }

  private func receive(_ event: ReceivedEvent) {
    if event.type == "eventsource-gap" {
      for name in channels where event.data.contains("{\"channel\":\"\(name)\"") { gaps.insert(name) }
      return
    }
    let parts = event.data.split(separator: " ")
    guard parts.count >= 2, let number = Int(parts[1]) else { return failures.append("unknown data \(event.data)") }
    let name = String(parts[0])
    guard channels.contains(name), let expected = next[name] else { return failures.append("an event of \(name)") }
    let isGap = gaps.remove(name) != nil
    // After a gap that was told, later events may be missing; never earlier ones repeated.
    if isGap ? number < expected : number != expected {
      failures.append("\(name) \(number) came instead of \(expected)\(isGap ? " after a gap" : "")")
    }
    next[name] = number + 1
  }
}
