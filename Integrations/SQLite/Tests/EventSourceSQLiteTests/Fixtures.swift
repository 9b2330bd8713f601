import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation

/// A folder for one test, which is removed with this object.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "eventsource-sqlite-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String = "history.db") -> String { "\(path)/\(name)" }
}

extension SQLiteEventRepository.Configuration {
  /// Does not wait for the disk unless a test requires that. The results do not depend on it.
  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.durability = .interval(.seconds(60))
    change(&configuration)
    return configuration
  }
}

extension EventRepository {
  /// Returns the events that a channel has after an event or, without one, from the earliest.
  func held(in channel: ChannelName = "a", after id: EventID? = nil, atMost events: Int = 1_000_000) async throws
    -> [ServerSentEvent]
  {
    let request = ReplayRequest(channel: channel, lastEventID: id, maximumEvents: events, maximumBytes: .max)
    switch try await self.events(for: request) {
    case .contiguous(let events), .gap(let events): return events
    case .unknownID: return []
    }
  }
}

/// A condition did not become true in time.
struct Overdue: Error {}

/// Waits until a condition is true, for at most two minutes.
func eventually(_ condition: () async throws -> Bool) async throws {
  guard try await happens(within: .seconds(120), condition) else { throw Overdue() }
}

/// Waits until a condition is true. Returns `false` if it is not true within the time.
func happens(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else { return false }
    try await Task.sleep(for: .milliseconds(5))
  }
  return true
}
