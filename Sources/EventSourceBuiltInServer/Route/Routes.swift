import EventSourceServer
import Synchronization

/// The endpoints of a server; they may be added to while it runs.
final class Routes: Sendable {
  private let router = Mutex(Router())

  /// The endpoints as they are now: a reference is copied.
  var current: Router { router.withLock { $0 } }

  /// Adds endpoints; the next request sees them.
  func update(_ body: (inout Router) -> Void) { router.withLock { body(&$0) } }
}
