import Synchronization

/// A call of ``RunningAdapter/stop(drainingOver:)`` in a task of its own.
final class Stopping: Sendable {
  private let isDone = Atomic(false)

  init(_ adapter: any RunningAdapter, draining window: Duration, canceled: Bool) {
    let task = Task { [self] in
      if canceled { while !Task.isCancelled { await Task.yield() } }
      await adapter.stop(drainingOver: window)
      isDone.store(true, ordering: .releasing)
    }
    if canceled { task.cancel() }
  }

  var hasReturned: Bool { isDone.load(ordering: .acquiring) }
}
