import EventSourceFormat
import Foundation
import Synchronization

@testable import EventSourceClient

/// One schedule: a source that reads numbered events from a server that fails at every point, while it is restarted,
/// closed, cancelled and acknowledged at any moment, and a record of what it promises.
///
/// Time is virtual: each wait is recorded and ends immediately. The seed determines what happens, and the executor
/// determines when.
// Sendable, because everything mutable is under the lock.
final class ClientSchedule: Sendable {
  static let eventCount = 12

  struct State {
    var random: SeededGenerator
    var failures: [String] = []
    var occurrences: [String: Int] = [:]
    /// The number of exchanges in progress, from the request to the end or the cancellation of the body.
    var exchanges = 0
    var attempts = 0
    /// The number of failures that may still occur. Afterwards the server works, so that every schedule ends.
    var mishaps: Int
    /// Whether its loop must end.
    var isEnding = false
    /// Whether other code than its loop, or the server, ended it.
    var mayEndEarly = false
    /// The number of attempts when the source was closed. `nil` if it is not closed.
    var attemptsAtClose: Int?
    /// The clock's time. It never goes back, so no wait is longer than requested.
    var now = Duration.zero
    var saved: [Int] = []
  }

  let state: Mutex<State>
  let options: ScheduledOptions
  private let holder = Mutex<Reached>(Reached())

  private struct Reached {
    weak var source: EventSource?
    var task: Task<Void, Never>?
  }

  init(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    options = ScheduledOptions(using: &random)
    state = Mutex(State(random: random, mishaps: Int.random(in: 0...12, using: &random)))
  }

  /// Runs the schedule to its end. Returns the broken promises and the number of each occurrence.
  func run() async -> (failures: [String], occurrences: [String: Int]) {
    let headers = options.first > 0 && options.firstIsIn == .field
    var request = SubscriptionRequest(URL(string: "http://schedule.test/")!)
    if headers { request.headers.append(HeaderField("Last-Event-ID", ScheduledOptions.id(of: options.first))) }
    let source = EventSource(request, configuration: configuration(), transport: ScheduledTransport(self))
    let end = Int.random((options.first + 1)...Self.eventCount, self)
    let task = holder.withLock { reached in
      let task = Task { await self.read(source, until: end) }
      reached = Reached(source: source, task: task)
      return task
    }
    await task.value
    if options.sharedLimit == nil { noteClose() }
    // However the loop ended, the source is closed, and the exchange ends with it.
    let hasEnded =
      (try? await eventually { self.state.withLock { $0.exchanges == 0 } && source.readyState == .closed }) != nil
    check(hasEnded, "the source is \(source.readyState) at the end, or an exchange is left")
    options.names.forEach { count($0) }
    return state.withLock { ($0.failures, $0.occurrences) }
  }

  private func configuration() -> EventSource.Configuration {
    var configuration = EventSource.Configuration()
    options.configure(&configuration)
    configuration.clock = ScheduledClock(self)
    if options.hasStore { configuration.lastEventIDStore = ScheduledStore(schedule: self) }
    configuration.errorHandler = { [weak self] _, _ in
      self?.interfere()
      guard self?.mishap(oneIn: 4, "a decision with a delay") == true else { return .reconnect }
      return .reconnectAfter(.milliseconds(150))
    }
    if options.hasProvider {
      configuration.requestProvider = { [weak self] attempt, request in
        self?.interfere()
        if self?.mishap(oneIn: 8, "the provider fails") == true { throw ScheduledTransport.Broken() }
        var request = request
        request.headers.append(HeaderField("X-Attempt", "\(attempt.number)"))
        return request
      }
    }
    return configuration
  }

  private func read(_ source: EventSource, until end: Int) async {
    if let limit = options.sharedLimit {
      await read(source.share(bufferingUpTo: limit).elements, of: source, until: end)
    } else {
      await read(source.elements, of: source, until: end)
    }
  }

  private func read<Elements: AsyncSequence>(_ elements: Elements, of source: EventSource, until end: Int) async
  where Elements.Element == EventSource.Element {
    var last = options.first
    var hasReceived = false
    do {
      for try await element in elements {
        switch element {
        case .event(let message):
          check(message, of: source, after: last)
          last += 1
          if options.commitsExplicitly, Bool.random(self) {
            count("an acknowledgement")
            try await source.acknowledge(message)
          }
          hasReceived = true
          if last == end { finish(source) }
          if last == end, options.ending == .leave || options.ending == .lastEvent { return }
        case .reconnecting(let wait):
          check(wait, isAfterDelivery: hasReceived)
          hasReceived = false
        case .closed(let closure): check(closure, after: last)
        case .gap(let gap):
          hasReceived = true
          check(gap.channel == "c", "another gap")
        case .opened, .comment: break
        }
      }
    } catch {
      check(false, "it throws \(error)")
    }
    check(last == end || mayEnd(after: last), "the reading ended after event \(last)")
  }

  private func check(_ message: EventSource.Message, of source: EventSource, after last: Int) {
    let number = last + 1
    check(
      message.data == ScheduledOptions.data(of: number), "event \(message.data) follows event \(last)")
    check(message.type == ScheduledOptions.type(of: number), "event \(number) has the type \(message.type)")
    let id = ScheduledOptions.id(of: number)
    check(message.lastEventID == id && message.id == id, "the ID of event \(number) is \(message.lastEventID)")
    // A shared source reads ahead of its consumers.
    check(options.sharedLimit != nil || source.lastEventID == id, "the last event ID is \(source.lastEventID)")
    check(number != options.sentinel, "the event that is the end was delivered")
  }

  private func check(_ closure: EventSource.CloseReason, after last: Int) {
    count("closed \(closure)")
    switch closure {
    case .byCaller: break
    case .byServer: check(state.withLock { $0.mayEndEarly }, "it closed \(closure)")
    case .completed:
      check(options.mode == .singleResponse || last + 1 == options.sentinel, "it closed \(closure) after event \(last)")
    }
  }

  private func mayEnd(after last: Int) -> Bool {
    state.withLock { $0.isEnding || $0.mayEndEarly } || options.mode == .singleResponse || last + 1 == options.sentinel
  }

  private func finish(_ source: EventSource) {
    state.withLock { $0.isEnding = true }
    switch options.ending {
    case .close:
      source.close()
      noteClose()
    case .cancel: withUnsafeCurrentTask { $0?.cancel() }
    case .lastEvent, .leave: break
    }
  }

  private func noteClose() { state.withLock { $0.attemptsAtClose = $0.attemptsAtClose ?? $0.attempts } }

  private func check(_ wait: EventSource.Reconnection, isAfterDelivery: Bool) {
    guard let error = wait.error else { return check(wait.delay == .zero, "a restart waits") }
    count("error \(error.code)")
    // The maximum is the server's requested delay with jitter. The minimum applies to attempts that delivered nothing.
    check(wait.delay <= .seconds(3), "a wait of \(wait.delay)")
    check(isAfterDelivery || wait.delay >= .milliseconds(100), "a wait of \(wait.delay) after \(error)")
  }

  /// Occasionally performs an action that a program may perform at any moment. Called from many places.
  func interfere() {
    if mishap(oneIn: 6, "a restart") { holder.withLock { $0.source }?.restart() }
    if mishap(oneIn: 40, "another logger") {
      holder.withLock { $0.source }?.setLogger { [weak self] _ in self?.count("a log record") }
    }
    if mishap(oneIn: 60, "a close from elsewhere"), let source = holder.withLock({ $0.source }) {
      state.withLock { $0.mayEndEarly = true }
      source.close()
      noteClose()
    }
    // A shared source continues without its consumer until the last reference to it is released.
    if options.sharedLimit == nil, mishap(oneIn: 60, "a cancellation from elsewhere") {
      state.withLock { $0.mayEndEarly = true }
      holder.withLock { $0.task }?.cancel()
    }
  }

  /// Returns whether a failure occurs now.
  func mishap(oneIn number: Int, _ what: String) -> Bool {
    state.withLock { state in
      guard state.mishaps > 0, Int.random(in: 1...number, using: &state.random) == 1 else { return false }
      state.mishaps -= 1
      state.occurrences[what, default: 0] += 1
      return true
    }
  }

  func count(_ what: String) { state.withLock { $0.occurrences[what, default: 0] += 1 } }

  /// Ends a schedule that does not end by itself.
  func limitAttempts() {
    guard state.withLock({ $0.attempts > 1000 }) else { return }
    check(false, "it goes on for ever")
    holder.withLock { $0.source }?.close()
  }

  func check(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { state.withLock { $0.failures.append(what()) } }
  }
}

extension ClientSchedule: CustomStringConvertible {
  /// The current state.
  var description: String {
    let source = holder.withLock { $0.source }.map { $0.session.debugDescription } ?? "released"
    return "\(state.withLock { $0 }), \(options), source: \(source)"
  }
}
