import EventSourceServer
import Synchronization

/// The hub, and the events published to it.
///
/// The events of `a` and `b` are numbered from 1. The number is the first word of the data and determines the length of
/// the rest, so that a reader can check the data.

final class Feed: Sendable {
  let hub: EventHub
  private let history = InMemoryEventRepository(maximumEvents: 50_000, maximumBytes: 32 << 20)
  private let isPaused = Mutex(true)

  private static let names: [ChannelName] = ["a", "b", "c", "d"]
  private static let fillers = (0..<16).map {
    String(repeating: "abcdefghijklmnop".dropFirst($0).first!, count: 200_000)
  }

  init() {
    var configuration = EventHub.Configuration()
    configuration.memoryLimit = 64 << 20
    hub = EventHub(configuration: configuration)
    open()
  }

  private func open() {
    for (name, rule) in zip(Self.names, [.disconnect, .disconnect, .skipToNewest, .newestPerKey]) as Rules {
      var rules = ChannelConfiguration()
      rules.slowReaders = rule
      rules.retention = Retention(maximumBytes: name == "b" ? 4 << 20 : 1 << 20)
      hub.openChannel(name, configuration: rules)
    }
    hub.setRepository(history, for: "a")
  }
  private typealias Rules = Zip2Sequence<[ChannelName], [ChannelConfiguration.SlowReaderPolicy]>

  func resume() { isPaused.withLock { $0 = false } }
  func pause() { isPaused.withLock { $0 = true } }

  /// Removes all published events. Must not run while events are published.
  func empty() {
    for name in Self.names { hub.removeChannel(name) }
    history.removeAll(in: "a")
    open()
  }

  /// Publishes until the task is cancelled. Prints the number of events at every pause.
  func publish() async {
    var (a, b, hasPaused) = (0, 0, true)
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(20))
      if isPaused.withLock({ $0 }) {
        if !hasPaused { say("paused \(a) \(b)") }
        hasPaused = true
        continue
      }
      hasPaused = false
      do {
        // Mostly one event at a time, occasionally a burst.
        for _ in 0..<(Int.random(in: 0..<50) == 0 ? 100 : Int.random(in: 0...4)) {
          a += 1
          try await hub.publish(Self.data(a), to: "a", waitingUntil: .stored)
        }
        if Bool.random() {
          b += 1
          try hub.publish("\(b)", to: "b")
        }
        // More than a stalled peer has room for.
        let large = "\(a) " + Self.fillers[0].prefix(20_000)
        try hub.publish(large, to: "c")
        try hub.publish(large, to: "d", coalescingKey: "\(Int.random(in: 0..<8))")
      } catch {
        if !Task.isCancelled { say("publishing failed: \(error)") }
        return
      }
    }
  }

  private static func data(_ number: Int) -> String {
    "\(number) " + fillers[number % 16].prefix(number % 500 == 0 ? 50_000 : number * 7919 % 1500)
  }
}
