import EventSourceServer

/// Publishes numbers, each after the outcome of the one before.
struct Publisher {
  private let name: String
  private let hub: EventHub
  private var number = 0

  init(_ name: String, _ hub: EventHub) {
    self.name = name
    self.hub = hub
  }

  /// Publishes the next numbers. Prints whether each is stored, was not recorded, or is unknown.
  mutating func publish(_ count: Int) async {
    for _ in 0..<count {
      number += 1
      let padding = String(repeating: "x", count: number * 7 % 100)
      do {
        try await hub.publish("\(name) \(number) \(padding)", to: "a", waitingUntil: .stored)
        say("stored \(name) \(number)")
      } catch PublishError.outcomeUnknown {
        say("unknown \(name) \(number)")
      } catch {
        say("refused \(name) \(number) \(error)")
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}
