import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation

/// A folder of a test's own, which goes with it.
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
  /// The disk is not waited for, except where a test says so: what it shows does not depend on that.
  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.durability = .interval(.seconds(60))
    change(&configuration)
    return configuration
  }
}

extension EventRepository {
  /// What a channel holds from the earliest event on, or after an event.
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

/// Something did not happen in time.
struct Overdue: Error {}

/// Waits until something is so, two minutes at most.
func eventually(_ condition: () async throws -> Bool) async throws {
  guard try await happens(within: .seconds(120), condition) else { throw Overdue() }
}

/// Waits until something is so; false: it is not, within a time.
func happens(within limit: Duration, _ condition: () async throws -> Bool) async throws -> Bool {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else { return false }
    try await Task.sleep(for: .milliseconds(5))
  }
  return true
}
