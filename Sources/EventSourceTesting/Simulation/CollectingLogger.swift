import Synchronization

public import EventSourceServer

/// Collects all log records for a test. Safe to use from any thread.
public final class CollectingLogger: EventLogger {
  private let collected = Mutex<[EventLogRecord]>([])

  /// Creates an empty logger.
  public init() {}

  /// Stores a record.
  public func log(_ record: EventLogRecord) { collected.withLock { $0.append(record) } }

  /// The records so far, in order.
  public var records: [EventLogRecord] { collected.withLock { $0 } }

  /// Returns the messages of a level so far, in order.
  public func messages(_ level: EventLogRecord.Level) -> [String] {
    records.filter { $0.level == level }.map { "\($0.message)" }
  }
}
