import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// The schedule's knowledge of one run, whichever process produces it.
// Sendable, because it is used only from jobs that the test runs on its one thread.
final class RunLedger: @unchecked Sendable {
  let id: String
  /// The run in its producer's process. `nil` if that process was killed.
  var run: Run?
  /// The number of events that the producer knows to be written. Their data are 0, 1, 2 …
  var written = 0
  /// Whether the producer's one call is in progress.
  var isWriting = false
  var wasKilled = false

  init(_ run: Run) {
    id = run.id
    self.run = run
  }
}

/// A viewer of one run. It knows the next event that it must receive.
final class RunViewer: SimulatedClient {
  let ledger: RunLedger
  private(set) var failures: [String] = []
  private(set) var next = 0
  /// The run's outcome, as reported by its last event.
  private(set) var outcome: String?
  /// Whether it has received the response that the run is gone, or that it has everything.
  private(set) var isDone = false

  init(_ ledger: RunLedger) { self.ledger = ledger }

  func connect(
    _ handler: RunHandler, _ stack: SimulatedStack, room: Int, largestWrite: Int, beforeWrite: @escaping () -> Void
  ) {
    takeIn()
    guard !isDone else { return }
    let connection = stack.connect(handler, nextRequest(), run: ledger.id, room: room)
    use(connection, largestWrite: largestWrite, beforeWrite: beforeWrite)
  }

  override func readOn() {
    connection?.response.beforeWrite = nil
    super.readOn()
  }

  /// Parses the received bytes and compares the events with the expected ones.
  func takeIn() {
    guard let connection, !isDone else { return }
    switch status {
    case 200: break
    case nil, 503: return
    case 204:
      if outcome == nil { failures.append("204 before the end of \(ledger.id)") }
      isDone = true
      return
    case 404:
      // With a history, the run never existed or is in the history. The schedule decides which.
      isDone = true
      return
    case let status?: return failures.append("refused: \(status)")
    }
    failures += parse(receive)
    if let decoder, connection.response.ending == .complete, connection.response.keptBytes == 0,
      !decoder.isFinished
    {
      failures.append("a stream of \(ledger.id) was completed before the end of its coding")
    }
    if connection.response.ending == .complete, outcome == nil, ledger.run?.isGone == false {
      // A closed lane or a draining process ends streams that continue elsewhere. Neither occurs here.
      failures.append("a stream of \(ledger.id) ended completely before the run did")
    }
  }

  private func receive(_ event: ReceivedEvent) {
    // The process had reported an end that was not recorded before it was killed.
    let isToldAgain = ledger.run == nil && event.data.contains("\"outcome\":\"interrupted\"")
    if let outcome, !isToldAgain {
      return failures.append("\(event.type) \(event.data) came after the end (\(outcome))")
    }
    switch event.type {
    case "eventsource-run":
      if next > 0 { failures.append("the beginning came again") }
    case "eventsource-end":
      let known = ["finished", "failed", "stopped", "interrupted"].first {
        event.data.contains("\"outcome\":\"\($0)\"")
      }
      outcome = known
      if known == nil { failures.append("an unknown end \(event.data)") }
      if next < ledger.written { failures.append("the end came after \(next) of \(ledger.written) events") }
    case "message":
      guard let number = Int(event.data.prefix { $0 != " " }), number == next else {
        return failures.append("\(event.data.prefix(12)) came instead of \(next) of \(ledger.id)")
      }
      next += 1
    default: failures.append("\(event.type) \(event.data)")
    }
  }
}
