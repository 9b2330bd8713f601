import Synchronization

public import EventSourceServer

/// Keeps every record, for a test to look at. Any thread.
public final class CollectingLogger: EventLogger {
  private let collected = Mutex<[EventLogRecord]>([])

  /// Makes an empty one.
  public init() {}

  /// Keeps a record.
  public func log(_ record: EventLogRecord) { collected.withLock { $0.append(record) } }

  /// The records so far, in order.
  public var records: [EventLogRecord] { collected.withLock { $0 } }

  /// The messages of a level so far, in order.
  public func messages(_ level: EventLogRecord.Level) -> [String] {
    records.filter { $0.level == level }.map { "\($0.message)" }
  }
}
