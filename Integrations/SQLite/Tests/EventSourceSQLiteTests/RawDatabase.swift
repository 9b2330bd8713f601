import CSQLite

/// A separate connection, with which a test inspects or disturbs a file without the repository.
final class RawDatabase {
  struct Failure: Error { let code: Int32 }

  private let handle: OpaquePointer

  init(_ path: String) throws {
    var handle: OpaquePointer?
    let code = sqlite3_open(path, &handle)
    guard code == SQLITE_OK, let handle else { throw Failure(code: code) }
    self.handle = handle
    // A history that is being closed holds its file for a moment after its log is gone.
    sqlite3_busy_timeout(handle, 30_000)
  }

  deinit { sqlite3_close(handle) }

  func execute(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw Failure(code: code) }
  }

  /// Returns the first column of the first row, or `nil` if there is none.
  func value(_ sql: String) throws -> String? {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard code == SQLITE_OK else { throw Failure(code: code) }
    defer { sqlite3_finalize(statement) }
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return sqlite3_column_text(statement, 0).map { String(cString: $0) }
    case SQLITE_DONE: return nil
    case let code: throw Failure(code: code)
    }
  }

  func number(_ sql: String) throws -> Int { try Int(value(sql) ?? "") ?? -1 }
}
