public import CEventSource
package import EventSourceC
import EventSourceCHistory
import EventSourceServer
import EventSourceSQLite

// Implements `eventsource-sqlite.h`, which documents the function.

/// See the header.
@c @implementation
public func es_history_sqlite(
  _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<es_sqlite_options>!,
  _ history: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let path = try Text.required(path, "path")
    let history = try required(history, "history")
    let options = try options.map { try es_sqlite_options(reading: $0) } ?? es_sqlite_options()
    let configuration = try SQLiteEventRepository.Configuration(options)
    let repository = try SQLiteEventRepository(path: path, configuration: configuration)
    history.pointee = Handle.make(ProgramHistory(repository) { await repository.close() })
  }
}

extension SQLiteHistoryError: FailureConvertible {
  package var failure: Failure { Failure(code == .undecided ? .outcomeUnknown : .historyFailed, "\(self)") }
}
