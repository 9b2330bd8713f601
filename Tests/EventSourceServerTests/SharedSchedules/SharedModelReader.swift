import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A conforming client over the simulated stack. It knows the next event that it must receive from each channel.
final class SharedModelReader: SimulatedClient {
  struct Server {
    let handler: EventStreamHandler
    let stack: SimulatedStack
  }

  let channels: [String]
  /// The server to which it connects.
  var server: Server
  private(set) var failures: [String] = []
  /// The place of the next event in each channel that it has begun to read.
  private(set) var next: [String: Int] = [:]
  /// Channels in which a slow reader gets only the newest event per key.
  private let conflating: Set<String>
  private let ledger: SharedLedger
  /// Channels whose stream has reported missing events and not yet delivered the next one. Each gap is reported only
  /// once, because the IDs of the other channels' events already cover it.
  private var gaps: Set<String> = []
  private var isLost: Set<String> = []
  /// Whether it may receive events that were published before it connected. A hub that follows others may begin with
  /// those.
  var mayBeginEarlier = false
  /// The number of gaps reported to it.
  private(set) var gapsTold = 0
  /// The latest place at which each channel may begin, beyond the published events: an event was being recorded.
  private var latestBeginning: [String: Int] = [:]

  init(channels: [String], conflating: Set<String>, ledger: SharedLedger, server: Server) {
    self.channels = channels
    self.conflating = conflating
    self.ledger = ledger
    self.server = server
  }

  /// Returns whether it has received nothing of a channel, so that it may have begun after all its events.
  func hasYetToBegin(_ name: String) -> Bool { mayBeginEarlier && latestBeginning[name] != nil }

  func connect(room: Int, largestWrite: Int, beforeWrite: (() -> Void)? = nil) {
    takeIn()
    if status == 410 {
      // The reader was refused because events are missing. It begins again as a new one.
      forget()
      next = [:]
      gaps = []
      isLost = []
    }
    let isNew = lastEventID == nil
    // A broken connection may still be waiting for its head.
    connection?.response.onStart = nil
    let target = "/?" + channels.dropFirst().map { "channel=\($0)" }.joined(separator: "&")
    let connection = server.stack.connect(
      server.handler, nextRequest(to: target), channels: [channels[0]], room: room)
    use(connection, largestWrite: largestWrite, beforeWrite: beforeWrite)
    if isNew {
      // A reader that has received the head gets everything that is published from then on.
      connection.response.onStart = { [unowned self, unowned connection] in
        guard connection.response.head?.status == 200 else { return }
        for name in channels {
          next[name] = ledger.published[name] ?? 0
          latestBeginning[name] = ledger.count(name)
          if server.handler.configuration.replaysToNewReaders {
            // Everything held is replayed. The number of events is unknown.
            next[name] = 0
            gaps.insert(name)
          }
        }
      }
    }
    // The reader gets its position before anything else is published.
    server.stack.run()
    takeIn()
  }

  /// Parses the received bytes and compares the events with the expected ones.
  func takeIn() {
    switch status {
    case 200: failures += parse(receive)
    case nil, 410, 503: break
    case let status?: failures.append("refused: \(status)")
    }
  }

  private func receive(_ event: ReceivedEvent) {
    if event.type == "eventsource-gap" {
      gapsTold += 1
      for name in channels where event.data.contains("{\"channel\":\"\(name)\"") {
        gaps.insert(name)
        // The reader's position is unknown, so it may receive events again.
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
    let hasBeginning = latestBeginning[name] != nil
    let beginning = latestBeginning.removeValue(forKey: name) ?? expected
    // After a reported gap, later events may be missing, but earlier ones are not repeated.
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
