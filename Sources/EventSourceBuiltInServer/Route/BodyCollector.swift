import EventSourceServer
import Synchronization

/// Keeps what is written to it.
final class BodyCollector: Sendable {
  private let collected = Mutex<[UInt8]>([])

  var bytes: [UInt8] { collected.withLock { $0 } }

  func add(_ bytes: [UInt8]) { collected.withLock { $0 += bytes } }
}
