import Synchronization

/// A search in a shared history for the last event of a viewer.
final class RunCatchUp: Sendable {
  private let state = Atomic(false)

  /// Whether the history does not have the event, or the log has everything that the history had.
  var isOver: Bool { state.load(ordering: .acquiring) }

  func finish() { state.store(true, ordering: .releasing) }
}
