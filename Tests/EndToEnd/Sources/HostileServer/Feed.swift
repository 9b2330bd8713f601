import EventSourceServer
import Synchronization

/// The hub, and what is published to it.
///
/// The events of `a` and `b` are numbered from 1. That number is the data's first word, and how much follows it can be
/// computed from it, so that a reader can tell what it has to be.
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
    configuration.maximumBytes = 64 << 20
    hub = EventHub(configuration: configuration)
    open()
  }

  private func open() {
    for (name, rule) in zip(Self.names, [.disconnect, .disconnect, .skipToNewest, .newestPerKey]) as Rules {
      var rules = ChannelConfiguration()
      rules.slowReaders = rule
      rules.log = LogLimits(bytes: name == "b" ? 4 << 20 : 1 << 20)
      hub.open(name, rules)
    }
    hub.register(history, for: "a")
  }
  private typealias Rules = Zip2Sequence<[ChannelName], [ChannelConfiguration.SlowReaders]>

  func resume() { isPaused.withLock { $0 = false } }
  func pause() { isPaused.withLock { $0 = true } }

  /// Forgets all that was published. While nothing is.
  func empty() {
    for name in Self.names { hub.remove(name) }
    history.removeAll(in: "a")
    open()
  }

  /// Publishes until the task is canceled; says how much there is whenever it pauses.
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
        // One at a time mostly, now and then a burst.
        for _ in 0..<(Int.random(in: 0..<50) == 0 ? 100 : Int.random(in: 0...4)) {
          a += 1
          try await hub.publish(Self.data(a), to: "a", awaiting: .published)
        }
        if Bool.random() {
          b += 1
          try hub.publish("\(b)", to: "b")
        }
        // More than a peer which takes nothing has room for.
        let large = "\(a) " + Self.fillers[0].prefix(20_000)
        try hub.publish(large, to: "c")
        try hub.publish(large, to: "d", key: "\(Int.random(in: 0..<8))")
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
