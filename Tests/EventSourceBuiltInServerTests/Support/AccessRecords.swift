import EventSourceBuiltInServer
import EventSourceServer
import Synchronization

/// Collects the records of an access log.
final class AccessRecords: Sendable {
  private let records = Mutex<[AccessRecord]>([])

  func take(_ record: AccessRecord) { records.withLock { $0.append(record) } }

  var all: [AccessRecord] { records.withLock { $0 } }
}
