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
  }

  deinit { sqlite3_close(handle) }

  func execute(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw Failure(code: code) }
  }

  /// Returns the first column of the first row.
  func value(_ sql: String) throws -> String? {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard code == SQLITE_OK else { throw Failure(code: code) }
    defer { sqlite3_finalize(statement) }
    guard sqlite3_step(statement) == SQLITE_ROW else { return nil }
    return sqlite3_column_text(statement, 0).map { String(cString: $0) }
  }

  func number(_ sql: String) throws -> Int { try Int(value(sql) ?? "") ?? -1 }
}
