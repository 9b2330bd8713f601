import EventSourceServer
import Synchronization

/// The endpoints of a server. Endpoints can be added while the server is running.
final class Routes: Sendable {
  private let router = Mutex(Router())

  /// The current endpoints. Reading them copies a reference.
  var current: Router { router.withLock { $0 } }

  /// Adds endpoints, which apply to the next request.
  func update(_ body: (inout Router) -> Void) { router.withLock { body(&$0) } }
}
