import Synchronization

/// Counts wake-ups, from any thread.
final class WakeUps: Sendable {
  private let value = Atomic(0)

  var count: Int { value.load(ordering: .relaxed) }

  func add() { value.add(1, ordering: .relaxed) }
}
