import EventSourceClient
import Foundation
import Testing

/// A source under schedules of failures, restarts, closing, canceling and committing. It promises in each that no event
/// is lost, doubled or out of order, that there is one attempt at a time and none after the end, and that it waits as
/// configured.
@Suite struct ClientScheduleTests {
  /// How many schedules are tried: `EVENTSOURCE_CLIENT_SCHEDULES`, or 5,000.
  private static let count = number("EVENTSOURCE_CLIENT_SCHEDULES") ?? 5_000
  /// The first seed: `EVENTSOURCE_CLIENT_SEED`, or 1.
  private static let firstSeed = number("EVENTSOURCE_CLIENT_SEED") ?? 1

  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  @Test func everyScheduleKeepsThePromises() async throws {
    for seed in Self.firstSeed..<(Self.firstSeed + Self.count) {
      let failures = try await within { await ClientSchedule(seed: UInt64(seed)).run() }
      #expect(failures.isEmpty, "EVENTSOURCE_CLIENT_SEED=\(seed) EVENTSOURCE_CLIENT_SCHEDULES=1")
      if !failures.isEmpty { break }
    }
  }
}
