import EventSourceClient
import Foundation
import Synchronization

/// The server of a schedule: it sends streams of numbered events after the last event ID, in pieces of any size, and
/// fails at every point.
struct ScheduledTransport: EventSourceTransport {
  private let schedule: ClientSchedule

  init(_ schedule: ClientSchedule) { self.schedule = schedule }

  struct Broken: Error {}

  func send(_ request: SubscriptionRequest) async throws -> TransportResponse {
    try Task.checkCancellation()
    let (count, isAfterTheEnd) = schedule.state.withLock { state in
      state.attempts += 1
      state.exchanges += 1
      return (state.exchanges, state.attemptsAtClose.map { state.attempts > $0 + 1 } ?? false)
    }
    schedule.check(count == 1, "\(count) exchanges at once")
    // One attempt may have passed its last check for cancellation.
    schedule.check(!isAfterTheEnd, "an attempt after the end")
    schedule.limitAttempts()
    let hasAttempt = !request.headers.values(of: "X-Attempt").isEmpty
    schedule.check(hasAttempt == schedule.options.hasProvider, "a request that the provider did not make")
    let exchange = ScheduledExchange(schedule, after: request.headers.values(of: "Last-Event-ID").first)
    do {
      schedule.interfere()
      await Task.yield()
      try Task.checkCancellation()
      if schedule.mishap(oneIn: 4, "no response") { throw Broken() }
    } catch {
      exchange.cancel()
      throw error
    }
    return TransportResponse(head: head(for: request), body: exchange)
  }

  private func head(for request: SubscriptionRequest) -> ResponseHead {
    let cookies = request.headers.values(of: "Cookie")
    schedule.check(cookies.isEmpty || schedule.options.keepsCookies, "a cookie is kept")
    if schedule.mishap(oneIn: 20, "a redirect") {
      return ResponseHead(status: 307, headers: [HeaderField("Location", "/elsewhere")], url: request.url)
    }
    if schedule.mishap(oneIn: 5, "an error status") {
      let fields = [[], [HeaderField("Retry-After", "1")], [HeaderField("Retry-After", "99999999999")]].random(schedule)
      return ResponseHead(status: [401, 404, 429, 503].random(schedule), headers: fields, url: request.url)
    }
    if schedule.mishap(oneIn: 20, "another content") {
      return ResponseHead(status: 200, headers: [HeaderField("Content-Type", "text/html")], url: request.url)
    }
    if schedule.mishap(oneIn: 50, "status 204") {
      schedule.state.withLock { $0.mayEndEarly = true }
      return ResponseHead(status: 204, url: request.url)
    }
    let fields = [HeaderField("Content-Type", "text/event-stream"), HeaderField("Set-Cookie", "name=value")]
    return ResponseHead(status: 200, headers: fields, url: request.url)
  }

  /// One response.
  private final class ScheduledExchange: TransportBody {
    private let rest: Mutex<(bytes: ArraySlice<UInt8>, isOpen: Bool)>
    private let schedule: ClientSchedule

    init(_ schedule: ClientSchedule, after id: String?) {
      self.schedule = schedule
      let options = schedule.options
      let first = (id.flatMap { ScheduledOptions.number(of: $0) } ?? 0) + 1
      var text = ["", ": hello", "retry: 0", "retry: 50", "retry: 99999999999", "\u{FEFF}:"].random(schedule)
      if !text.isEmpty { text += options.lineEnd + options.lineEnd }
      if schedule.mishap(oneIn: 12, "a gap") {
        text += ["event: \(EventSource.Gap.eventType)", "data: {\"channel\": \"c\"}", "", ""]
          .joined(separator: options.lineEnd)
      }
      let order = Int.random(0...3, schedule)
      for number in first..<max(first, ClientSchedule.eventCount + 1) { text += options.text(of: number, in: order) }
      rest = Mutex((Array(text.utf8)[...], true))
    }

    func next() async throws -> [UInt8]? {
      schedule.interfere()
      await Task.yield()
      try Task.checkCancellation()
      if schedule.mishap(oneIn: 10, "a broken connection") { throw Broken() }
      if schedule.mishap(oneIn: 10, "an early end") { return nil }
      let count = Int.random(1...[3, 60, 400].random(schedule), schedule)
      let piece = rest.withLock { rest in
        defer { rest.bytes = rest.bytes.dropFirst(count) }
        return Array(rest.bytes.prefix(count))
      }
      return piece.isEmpty ? nil : piece
    }

    func cancel() {
      let wasOpen = rest.withLock { rest in
        defer { rest.isOpen = false }
        return rest.isOpen
      }
      if wasOpen { schedule.state.withLock { $0.exchanges -= 1 } }
    }
  }
}

/// A clock on which every wait ends immediately.
struct ScheduledClock: Clock {
  struct Instant: InstantProtocol {
    var offset: Duration
    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private let schedule: ClientSchedule

  init(_ schedule: ClientSchedule) { self.schedule = schedule }

  var now: Instant { Instant(offset: schedule.state.withLock { $0.now }) }
  var minimumResolution: Duration { .nanoseconds(1) }

  func `sleep`(until deadline: Instant, tolerance: Duration?) async throws {
    let wait = now.duration(to: deadline)
    if wait > ScheduledOptions.timeLimit / 2, !schedule.mishap(oneIn: 30, "silence") {
      // The awaited event arrives in time. Cancellation ends the sleep.
      return try await Task.sleep(for: .seconds(86_400))
    }
    schedule.state.withLock { $0.now = max($0.now, deadline.offset) }
    schedule.interfere()
    await Task.yield()
    try Task.checkCancellation()
  }
}

/// A store that never fails and records what is saved.
struct ScheduledStore: LastEventIDStore {
  let schedule: ClientSchedule

  func load() async throws -> String? {
    schedule.interfere()
    let options = schedule.options
    return options.first > 0 && options.firstIsIn == .store ? ScheduledOptions.id(of: options.first) : nil
  }

  func save(_ id: String) async throws {
    let number = ScheduledOptions.number(of: id) ?? -1
    await Task.yield()
    let last = schedule.state.withLock { state in
      defer { state.saved.append(number) }
      return state.saved.last ?? 0
    }
    schedule.check(number > last, "\(number) is saved after \(last)")
  }
}

/// A random number generator that is repeatable from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed &>> 31)
  }
}

extension Int {
  static func random(_ range: ClosedRange<Int>, _ schedule: ClientSchedule) -> Int {
    schedule.state.withLock { .random(in: range, using: &$0.random) }
  }
}

extension Bool {
  static func random(_ schedule: ClientSchedule) -> Bool { Int.random(0...1, schedule) == 1 }
}

extension Array {
  func random(_ schedule: ClientSchedule) -> Element { self[Int.random(0...(count - 1), schedule)] }
}
