import EventSourceBuiltInServer
import EventSourceServer
import Synchronization

/// Keeps what an access log is told.
final class AccessRecords: Sendable {
  private let records = Mutex<[AccessRecord]>([])

  func take(_ record: AccessRecord) { records.withLock { $0.append(record) } }

  var all: [AccessRecord] { records.withLock { $0 } }
}
