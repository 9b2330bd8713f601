import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// A viewer that moves between processes. It must receive exactly what the store has of its run, up to the first end.
final class SharedRunViewer: SimulatedClient {
  let ledger: SharedRunLedger
  private(set) var failures: [String] = []
  private(set) var next = 0
  private(set) var outcome: String?
  /// Whether it was told that it has everything, or that there is no such run.
  private(set) var isDone = false
  /// Whether its end could not be recorded.
  private(set) var hasUnrecordedEnd = false
  /// The text of the gap event that it was given after its newest event.
  private var gap: String?
  private(set) var server = 0
  /// Whether the store had the run, with its beginning, when the viewer connected.
  private var wasInStore = false

  init(_ ledger: SharedRunLedger) { self.ledger = ledger }

  func connect(
    _ handler: RunHandler, at server: Int, _ stack: SimulatedStack, room: Int = .max, largestWrite: Int = .max
  ) {
    takeIn()
    guard !isDone else { return }
    self.server = server
    gap = nil
    wasInStore = ledger.events.first?.id?.rawValue == ledger.id + "-1"
    let connection = stack.connect(handler, nextRequest(), run: ledger.id, room: room)
    use(connection, largestWrite: largestWrite)
  }

  func takeIn() {
    guard !isDone else { return }
    switch status {
    case 200: break
    case nil, 503: return
    case 204:
      if outcome == nil { failures.append("204 before the end of \(ledger.id)") }
      isDone = true
      return
    case 404:
      if wasInStore { failures.append("404 for \(ledger.id), which the store has") }
      isDone = true
      return
    case let status?: return failures.append("refused: \(status)")
    }
    failures += parse(receive)
  }

  private func receive(_ event: ReceivedEvent) {
    if let outcome { return failures.append("\(event.type) \(event.data) came after the end (\(outcome))") }
    if event.type == "eventsource-gap", server == ledger.home, gap == nil {
      gap = event.data
      return
    }
    if event.type == "eventsource-end" { outcome = SharedRunLedger.outcome(event.data) ?? "unknown" }
    if event.type == "eventsource-end", event.lastEventID.hasSuffix("-unrecorded") {
      if server != ledger.home { failures.append("an end that was not recorded came from another process") }
      let newest = next > 0 ? number(in: ledger.events[next - 1].id!.rawValue) : 0
      if gap != nil, number(in: event.lastEventID) == newest + 1 {
        failures.append("a gap was told before \(event.lastEventID), but nothing is missing")
      }
      hasUnrecordedEnd = true
      return
    }
    if let gap { failures.append("\(event.lastEventID) of \(ledger.id) came after a gap: \(gap)") }
    guard next < ledger.events.count else {
      return failures.append("\(event.lastEventID) \(event.data.prefix(12)) of \(ledger.id) is not in the store")
    }
    let expected = ledger.events[next]
    guard expected.id?.rawValue == event.lastEventID, expected.data == event.data else {
      return failures.append(
        "\(event.lastEventID) \(event.data.prefix(12)) came instead of \(expected.id?.rawValue ?? "") of \(ledger.id)")
    }
    next += 1
  }

  private func number(in id: String) -> Int { Int(id.split(separator: "-")[1])! }
}
