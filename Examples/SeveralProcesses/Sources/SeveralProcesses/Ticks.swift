import EventSourceServer

/// Publishes numbers without a hole, so that the page can see whether it has missed one.
struct Ticks {
  private let process: String
  private let hub: EventHub
  /// Numbers begin at 0 in each run.
  private var run = UInt32.random(in: 0 ... .max)
  private var number = 0

  init(process: String, _ hub: EventHub) {
    self.process = process
    self.hub = hub
  }

  /// Publishes the next number, and pauses.
  mutating func publishNext() async {
    do {
      try await hub.publish("\(process) \(run) \(number)", to: "room", waitingUntil: .stored)
      number += 1
    } catch PublishError.outcomeUnknown {
      // Redis may have the number or not. Publishing it again could show it twice.
      run = .random(in: 0 ... .max)
      number = 0
    } catch {
      // Redis cannot be reached, and nothing was recorded. The same number is published again.
    }
    try? await Task.sleep(for: .milliseconds(200))
  }
}
