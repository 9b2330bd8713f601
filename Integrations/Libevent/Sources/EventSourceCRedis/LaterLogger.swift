import EventSourceC
import EventSourceServer
import Synchronization

/// Passes log records on once there is a logger. Can be used from any thread.
final class LaterLogger: EventLogger {
  private let logger = Mutex<ProgramLogger?>(nil)

  func begin(_ logger: ProgramLogger) { self.logger.withLock { $0 = logger } }

  func log(_ record: EventLogRecord) { logger.withLock { $0 }?.log(record) }
}
