import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A conforming client over the simulated stack, which knows what it has to see next of each channel.
final class SharedModelReader {
  struct Server {
    let handler: EventStreamHandler
    let stack: SimulatedStack
  }

  let channels: [String]
  /// Where it connects to.
  var server: Server
  private(set) var failures: [String] = []
  /// The place of the next event of each channel that it has begun to read.
  private(set) var next: [String: Int] = [:]
  /// Channels of which a slow reader is given only the newest event of each key.
  private let conflating: Set<String>
  private let ledger: SharedLedger
  private var connection: SimulatedStack.Connection?
  private var parser = EventStreamParser()
  private var isDisconnected = false
  /// Channels of which a stream has said that events are missing, and has not yet shown the next one. That is said
  /// once: the IDs of the other channels' events are from behind the gap.
  private var gaps: Set<String> = []
  private var isLost: Set<String> = []
  /// A hub that follows others may begin with events that were published before the reader came.
  var mayBeginEarlier = false
  /// How many gaps it was told of.
  private(set) var gapsTold = 0
  /// How far the beginning may lie before what was known to be published: an event was being recorded.
  private var earliest: [String: Int] = [:]

  init(channels: [String], conflating: Set<String>, ledger: SharedLedger, server: Server) {
    self.channels = channels
    self.conflating = conflating
    self.ledger = ledger
    self.server = server
  }

  /// Whether it was given nothing of a channel, and may have begun behind everything there is.
  func hasYetToBegin(_ name: String) -> Bool { mayBeginEarlier && earliest[name] != nil }

  var isConnected: Bool { connection.map { !$0.isFinished && !isDisconnected } ?? false }

  func connect(room: Int, largestWrite: Int, beforeWrite: (() -> Void)? = nil) {
    takeIn()
    if connection?.response.head?.status == 410 {
      // Refused, because events are missing: it begins anew.
      parser = EventStreamParser()
      next = [:]
      gaps = []
      isLost = []
    }
    let id = parser.lastEventID.isEmpty ? nil : parser.lastEventID
    parser.reset()
    isDisconnected = false
    // A connection that was cut may still be waiting for its head.
    self.connection?.response.onStart = nil
    let target = "/?" + channels.dropFirst().map { "channel=\($0)" }.joined(separator: "&")
    let connection = server.stack.connect(
      server.handler, SimulatedRequest(target: target, lastEventID: id), channels: [channels[0]], room: room)
    connection.response.largestWrite = largestWrite
    connection.response.beforeWrite = beforeWrite
    if id == nil {
      // Who has seen the head gets everything that is published from then on.
      connection.response.onStart = { [unowned self, unowned connection] in
        guard connection.response.head?.status == 200 else { return }
        for name in channels {
          next[name] = ledger.published[name] ?? 0
          earliest[name] = ledger.count(name)
          if server.handler.configuration.replaysToNewReaders {
            // All that is held comes, and nobody knows how much that is.
            next[name] = 0
            gaps.insert(name)
          }
        }
      }
    }
    self.connection = connection
    // Its place is taken before anything else is published.
    server.stack.run()
    takeIn()
  }

  func read(_ count: Int) { connection?.read(count) }

  func readOn() {
    connection?.response.largestWrite = .max
    connection?.read()
  }

  func disconnect() { connection?.disconnect() }

  /// The network breaks: the stack finds out by its next write.
  func cut() {
    connection?.response.isDisconnected = true
    isDisconnected = true
  }

  /// Parses what has come and compares it with what has to come.
  func takeIn() {
    guard let connection else { return }
    switch connection.response.head?.status {
    case 200:
      break
    case nil, 410, 503:
      return
    case let status?:
      return failures.append("refused: \(status)")
    }
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
      gapsTold += 1
      for name in channels where event.data.contains("{\"channel\":\"\(name)\"") {
        gaps.insert(name)
        // Nobody knows where the reader stood: what it gets may repeat what it has.
        if event.data.contains("\"earliestAvailable\":null") { isLost.insert(name) }
      }
      return
    }
    let parts = event.data.split(separator: " ")
    guard parts.count >= 2, let number = Int(parts[1]) else { return failures.append("unknown data \(event.data)") }
    let name = String(parts[0])
    guard channels.contains(name), let expected = next[name] else { return failures.append("an event of \(name)") }
    if event.type == "snapshot" {
      if gaps.remove(name) == nil { failures.append("a snapshot of \(name) without a gap") }
      if number < expected - 1 { failures.append("a snapshot of \(name) \(number) instead of \(expected)") }
      next[name] = max(expected, number + 1)
      return
    }
    guard let place = ledger.place(of: number) else { return failures.append("\(name) \(number) was never published") }
    let isGap = gaps.remove(name) != nil
    let hasBeginning = earliest[name] != nil
    let beginning = earliest.removeValue(forKey: name) ?? expected
    // After a gap that was told, later events may be missing; never earlier ones repeated.
    let isLost = isLost.remove(name) != nil
    let isFirst = mayBeginEarlier && hasBeginning
    let isNext =
      isGap
      ? place >= expected || isLost || isFirst
      : place <= max(expected, beginning) && (place >= expected || isFirst)
    let isConflated =
      conflating.contains(name) && place > expected
      && (expected...min(max(expected, beginning), place)).contains { ledger.isSuperseded($0..<place, in: name) }
    let isCoalesced = server.handler.configuration.coalescingWindow != nil && place > expected
    if !isNext && !isConflated && !isCoalesced {
      failures.append("\(name) \(place) came instead of \(expected)\(isGap ? " after a gap" : "")")
    }
    next[name] = place + 1
  }
}
