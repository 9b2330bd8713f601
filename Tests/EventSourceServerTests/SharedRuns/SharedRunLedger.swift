import EventSourceFormat
import EventSourceServer

/// The schedule's knowledge of one run: what the shared store has of it is what every viewer must receive.
// Sendable, because it is used only from jobs that the test runs on its one thread.
final class SharedRunLedger: @unchecked Sendable {
  let id: String
  /// The process that produces it, and the run there. `nil` if that process was killed.
  let home: Int
  var run: Run?
  /// The events of the store, up to the first end.
  private(set) var events: [ServerSentEvent] = []
  private(set) var end: String?
  var isWriting = false
  var attempts = 0
  /// The process that has accepted a request to stop it.
  var stopAcceptedBy: Int?

  init(_ run: Run, home: Int) {
    id = run.id
    self.run = run
    self.home = home
  }

  func add(_ event: ServerSentEvent) {
    guard end == nil else { return }
    events.append(event)
    if event.type == "eventsource-end" { end = Self.outcome(event.data) }
  }

  static func outcome(_ data: String) -> String? {
    ["finished", "failed", "stopped", "interrupted"].first { data.contains("\"outcome\":\"\($0)\"") }
  }
}
