package import CEventSource
package import EventSourceServer

/// The logger of a C program.
// Sendable, because the header requires that the program's functions can be called on any thread.
package struct ProgramLogger: EventLogger, @unchecked Sendable {
  private let functions: es_logger
  private let context: ProgramContext

  package init(_ logger: es_logger) throws(Failure) {
    _ = try required(logger.log, "the logger's log")
    functions = logger
    context = ProgramContext(logger.context, release: logger.release)
  }

  package func log(_ record: EventLogRecord) {
    let level =
      switch record.level {
      case .debug: ES_LOG_DEBUG
      case .info: ES_LOG_INFO
      case .warning: ES_LOG_WARNING
      case .error: ES_LOG_ERROR
      }
    let lent = LentText()
    withExtendedLifetime(lent) {
      functions.log(
        context.pointer, level, lent.pointer("\(record.message)"), lent.fields(record.metadata), record.metadata.count)
    }
  }
}
