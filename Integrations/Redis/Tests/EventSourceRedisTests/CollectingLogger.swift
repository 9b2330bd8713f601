import EventSourceServer
import Synchronization

/// Keeps the records of a history. Can be used from any thread.
final class CollectingLogger: EventLogger {
  private let lines = Mutex<[String]>([])

  /// The message and values of each record.
  var texts: [String] { lines.withLock { $0 } }

  func log(_ record: EventLogRecord) {
    let values = record.metadata.map { "\($0.name)=\($0.value)" }
    lines.withLock { $0.append("\(record.level): \(record.message) \(values.joined(separator: " "))") }
  }
}
