import EventSourceClient
import EventSourceFormat
import Foundation
import Synchronization

/// One schedule: a source that reads numbered events of a server that fails at every point, while it is restarted,
/// closed, canceled and committed at any moment; and a ledger of what it promises.
///
/// Time is virtual: a wait is recorded and is over at once. The seed decides what happens, the executor when.
// Sendable, because everything that changes is under the lock.
final class ClientSchedule: Sendable {
  static let eventCount = 12

  struct State {
    var random: SeededGenerator
    var failures: [String] = []
    /// How many exchanges are going on: from the request to the end or the cancellation of the body.
    var exchanges = 0
    var attempts = 0
    /// How many things may still go wrong; then the server behaves, so that every schedule ends.
    var mishaps: Int
    var isClosed = false
    var attemptsAtClose = 0
    var waits: [Duration] = []
    var saved: [Int] = []
  }

  let state: Mutex<State>
  private let ending: Ending
  private let holder = Mutex<WeakSource?>(nil)

  private enum Ending: CaseIterable { case lastEvent, close, cancel, leave }

  private struct WeakSource { weak var source: EventSource? }

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    ending = Ending.allCases.randomElement(using: &random)!
    state = Mutex(State(random: random, mishaps: Int.random(in: 0...12, using: &random)))
  }

  /// Runs it to its end; what it broke.
  func run() async -> [String] {
    let source = EventSource(
      URL(string: "http://schedule.test/")!, configuration: configuration(), transport: ScheduledTransport(self))
    holder.withLock { $0 = WeakSource(source: source) }
    let end = Int.random(1...Self.eventCount, self)
    await Task { await self.read(source, until: end) }.value
    // Whatever ended the reading has closed the source, and the exchange ends with it.
    let hasLeftNothing = (try? await eventually { self.state.withLock { $0.exchanges == 0 } }) != nil
    check(source.readyState == .closed, "the source is \(source.readyState) at the end")
    check(hasLeftNothing, "an exchange is left")
    return state.withLock { $0.failures }
  }

  private func configuration() -> EventSource.Configuration {
    var configuration = EventSource.Configuration()
    configuration.initialConnectionFailure = .retry(for: nil)
    configuration.connectTimeout = nil
    configuration.readTimeout = nil
    configuration.reconnectionTime = .milliseconds(100)
    configuration.maximumReconnectionTime = .milliseconds(800)
    configuration.maximumServerDelay = .seconds(2)
    configuration.clock = ScheduledClock(self)
    configuration.lastEventIDStore = ScheduledStore(schedule: self)
    configuration.commitsExplicitly = Bool.random(self)
    configuration.errorHandler = { [weak self] _, _ in
      self?.interfere()
      return .reconnect
    }
    return configuration
  }

  private func read(_ source: EventSource, until end: Int) async {
    var last = 0
    var hasReceived = false
    do {
      for try await element in source.elements {
        switch element {
        case .event(let message):
          let number = Int(message.data) ?? -1
          check(number == last + 1, "event \(number) follows event \(last)")
          check(message.lastEventID == message.data && source.lastEventID == message.data, "the last event ID is wrong")
          last = number
          if source.configuration.commitsExplicitly, Bool.random(self) { try await source.acknowledge(message) }
          hasReceived = true
          if last == end { finish(source) }
          if last == end, ending == .leave || ending == .lastEvent { return }
        case .reconnecting(let wait):
          check(wait, isAfterDelivery: hasReceived)
          hasReceived = false
        case .closed(let closure): check(closure == .byCaller, "it closed \(closure)")
        case .opened, .comment, .gap: break
        }
      }
    } catch {
      check(false, "it throws \(error)")
    }
    check(last == end || isEnded, "the reading ended after event \(last)")
  }

  private var isEnded: Bool { state.withLock { $0.isClosed } }

  private func finish(_ source: EventSource) {
    state.withLock { state in
      state.isClosed = true
      state.attemptsAtClose = state.attempts
    }
    switch ending {
    case .close: source.close()
    case .cancel: withUnsafeCurrentTask { $0?.cancel() }
    case .lastEvent, .leave: break
    }
  }

  private func check(_ wait: EventSource.Reconnection, isAfterDelivery: Bool) {
    guard wait.error != nil else { return check(wait.delay == .zero, "a restart waits") }
    // The longest is what the server asks for, spread by half; the floor is for what delivered nothing.
    check(wait.delay <= .seconds(3), "a wait of \(wait.delay)")
    check(isAfterDelivery || wait.delay >= .milliseconds(100), "a wait of \(wait.delay) after \(wait.error!)")
  }

  /// Restarts the source now and then, from wherever this is called.
  func interfere() {
    guard mishap(oneIn: 6) else { return }
    holder.withLock { $0?.source }?.restart()
  }

  /// Whether something is to go wrong now.
  func mishap(oneIn count: Int) -> Bool {
    state.withLock { state in
      guard state.mishaps > 0, Int.random(in: 1...count, using: &state.random) == 1 else { return false }
      state.mishaps -= 1
      return true
    }
  }

  /// Ends a schedule that does not end by itself.
  func limitAttempts() {
    guard state.withLock({ $0.attempts > 1000 }) else { return }
    check(false, "it goes on for ever")
    holder.withLock { $0?.source }?.close()
  }

  func check(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { state.withLock { $0.failures.append(what()) } }
  }
}
