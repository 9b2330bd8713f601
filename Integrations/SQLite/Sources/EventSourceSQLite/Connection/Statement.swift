internal import CSQLite

/// A prepared statement. Confined to the thread of its connection.
final class Statement {
  private let handle: OpaquePointer
  private let connection: Connection

  init(_ sql: String, on connection: Connection) throws(SQLiteHistoryError) {
    var handle: OpaquePointer?
    try connection.check(
      sqlite3_prepare_v3(connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil))
    guard let handle else { preconditionFailure("\"\(sql)\" is not a statement") }
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  /// Sets a parameter; the first is number 1.
  func bind(_ parameter: Int32, _ value: Int64?) throws(SQLiteHistoryError) {
    try connection.check(
      value.map { sqlite3_bind_int64(handle, parameter, $0) } ?? sqlite3_bind_null(handle, parameter))
  }

  /// Sets a parameter to a copy of the text's bytes.
  func bind(_ parameter: Int32, _ text: String?) throws(SQLiteHistoryError) {
    guard let text else { return try bind(parameter, Int64?.none) }
    // SQLITE_TRANSIENT, which makes SQLite copy the text. Swift does not import the macro.
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    try connection.check(
      sqlite3_bind_text64(handle, parameter, text, UInt64(text.utf8.count), copied, UInt8(SQLITE_UTF8)))
  }

  /// Steps to the next row. Returns `false` if there is none.
  func step() throws(SQLiteHistoryError) -> Bool {
    let result = sqlite3_step(handle)
    if result != SQLITE_ROW {
      // The connection holds the error message only until its next call.
      defer { sqlite3_reset(handle) }
      try connection.check(result)
    }
    return result == SQLITE_ROW
  }

  /// Runs to the end.
  func run() throws(SQLiteHistoryError) { while try step() {} }

  /// Resets the statement and discards the remaining rows.
  func reset() { sqlite3_reset(handle) }

  /// Returns a column of the current row. The first is 0.
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// Returns a column of the current row, or `nil` if it is NULL.
  func optionalInteger(_ column: Int32) -> Int64? {
    sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
  }

  /// Returns a column of the current row, or `nil` if it is NULL.
  func text(_ column: Int32) -> String? {
    guard let text = sqlite3_column_text(handle, column) else { return nil }
    let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(handle, column)))
    return String(decoding: bytes, as: UTF8.self)
  }
}
