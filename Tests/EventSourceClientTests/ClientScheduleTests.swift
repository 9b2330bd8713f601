import EventSourceClient
import Foundation
import Testing

/// Tests a source under schedules of failures, restarts, closing, cancelling and acknowledging. Each must show that no
/// event is lost, duplicated or out of order, that there is one attempt at a time and none after the end, and that
/// delays are as configured.
@Suite struct ClientScheduleTests {
  /// The number of schedules to run: `EVENTSOURCE_CLIENT_SCHEDULES`, or 5,000.
  private static let count = number("EVENTSOURCE_CLIENT_SCHEDULES") ?? 5_000
  /// The first seed: `EVENTSOURCE_CLIENT_SEED`, or 1.
  private static let firstSeed = number("EVENTSOURCE_CLIENT_SEED") ?? 1

  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  @Test func everyScheduleKeepsThePromises() async throws {
    var occurrences: [String: Int] = [:]
    for seed in Self.firstSeed..<(Self.firstSeed + Self.count) {
      let schedule = ClientSchedule(seed: UInt64(seed))
      guard let (failures, happened) = try? await within(.seconds(120), { await schedule.run() }) else {
        Issue.record("EVENTSOURCE_CLIENT_SEED=\(seed) EVENTSOURCE_CLIENT_SCHEDULES=1 does not end: \(schedule)")
        return
      }
      #expect(failures.isEmpty, "EVENTSOURCE_CLIENT_SEED=\(seed) EVENTSOURCE_CLIENT_SCHEDULES=1")
      if !failures.isEmpty { return }
      occurrences.merge(happened, uniquingKeysWith: +)
    }
    if ProcessInfo.processInfo.environment["EVENTSOURCE_CLIENT_TABLE"] != nil {
      for (what, count) in occurrences.sorted(by: { $0.key < $1.key }) { print("\(count)\t\(what)") }
    }
    // A small number of schedules need not cover everything.
    guard Self.count >= 5_000 else { return }
    for what in Self.wanted { #expect(occurrences[what, default: 0] > 0, "no schedule has \(what)") }
  }

  private static let wanted = [
    "a restart", "another logger", "a log record", "a close from elsewhere", "a cancellation from elsewhere",
    "an acknowledgement", "a decision with a delay", "the provider fails", "no response", "a redirect",
    "an error status", "another content",
    "status 204", "a gap", "a broken connection", "an early end", "silence", "closed byCaller", "closed byServer",
    "closed completed", "shared", "sentinel", "mode singleResponse", "mode subscription", "begins by store",
    "begins by configuration", "begins by field",
  ]
}
