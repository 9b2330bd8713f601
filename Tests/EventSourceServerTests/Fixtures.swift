import EventSourceServer
import EventSourceTesting

extension EventHub.Configuration {
  /// Repeatable, except for the IDs.
  static var test: Self { test() }

  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.idPrefix = "test"
    configuration.seed = 1
    change(&configuration)
    return configuration
  }
}

/// An observer that a test defines as a closure.
struct ClosureObserver: OccupancyObserver {
  var take: @Sendable (OccupancyChange) async -> Void

  init(_ take: @escaping @Sendable (OccupancyChange) async -> Void) { self.take = take }

  func occupancyChanged(_ change: OccupancyChange) async { await take(change) }
}

/// A history that publishing does not write to: the application stores its events.
struct ReadOnlyRepository: EventRepository {
  let filled: InMemoryEventRepository
  func events(for request: ReplayRequest) async throws -> ReplayResult { filled.events(for: request) }
}

/// Runs a stack and the tasks of a hub until neither has anything to do.
func settle(_ stack: SimulatedStack, _ executor: ManualTaskExecutor) {
  repeat {
    stack.run()
    executor.run()
    stack.run()
  } while executor.count > 0
}

extension EventHub {
  /// Returns the ID that the hub generates for a number, in the first opened channel or a later one.
  func id(_ number: Int, channel: Int = 1) -> String { "\(idPrefix)\(channel)-\(number)" }
}

extension EventStreamHandler.Configuration {
  static func with(_ change: (inout Self) -> Void) -> Self {
    var configuration = Self()
    change(&configuration)
    return configuration
  }
}
