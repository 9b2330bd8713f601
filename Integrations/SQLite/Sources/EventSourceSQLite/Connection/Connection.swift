internal import CSQLite

/// One connection to a database. SQLite's own locks are off, so the owner's mutex must ensure that one thread uses it
/// at a time.
final class Connection {
  enum Mode {
    case readWrite
    case readOnly
    /// Reads the file itself only: locks, recovers and creates nothing.
    case untouched
  }

  let path: String
  let handle: OpaquePointer
  /// What happens when the file is locked.
  let lockWait: LockWait
  /// Released after the connection is closed.
  var writerLock: WriterLock?
  /// The pages in the write-ahead log after this connection's last commit, or `nil` if SQLite checkpoints by itself.
  /// SQLite's hook writes it, on the committing thread.
  private var logPages: UnsafeMutablePointer<Int32>?

  init(_ path: String, _ mode: Mode, busyTimeout: Duration) throws(SQLiteHistoryError) {
    self.path = path
    // SQLite gives "", ":memory:" and "file:" a special meaning.
    let file = path.hasPrefix("/") ? path : "./\(path)"
    let (name, flags) =
      switch mode {
      case .readWrite: (file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
      case .readOnly: (file, SQLITE_OPEN_READONLY)
      case .untouched: (Self.untouchedURI(file), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
      }
    var handle: OpaquePointer?
    let result = sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard result == SQLITE_OK, let handle else {
      let detail = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(handle)
      throw SQLiteHistoryError(resultCode: result, path: path, detail: detail)
    }
    self.handle = handle
    lockWait = LockWait(limit: busyTimeout)
    lockWait.install(on: handle)
  }

  deinit {
    sqlite3_close_v2(handle)
    logPages?.deallocate()
  }

  /// Runs statements and discards their rows.
  func execute(_ sql: String) throws(SQLiteHistoryError) { try check(sqlite3_exec(handle, sql, nil, nil, nil)) }

  /// Returns the first column of a statement's first row as text, or `nil` if there is no row.
  func text(_ sql: String) throws(SQLiteHistoryError) -> String? {
    let statement = try Statement(sql, on: self)
    return try statement.step() ? statement.text(0) : nil
  }

  /// Returns the first column of a statement's first row as a number, or 0 if there is no row.
  func integer(_ sql: String) throws(SQLiteHistoryError) -> Int64 {
    let statement = try Statement(sql, on: self)
    return try statement.step() ? statement.integer(0) : 0
  }

  /// Whether a transaction is open. Some failures end it.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// The row number of the last insertion.
  var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Counts the log's pages from now on. SQLite no longer checkpoints by itself; ``copyLogBack(waiting:)`` does.
  func countLogPages() {
    guard logPages == nil else { return }
    let count = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    count.initialize(to: 0)
    logPages = count
    sqlite3_wal_hook(
      handle,
      { count, _, _, pages in
        count?.assumingMemoryBound(to: Int32.self).pointee = pages
        return SQLITE_OK
      }, count)
  }

  /// The pages in the log, as counted at the last commit.
  var logPageCount: Int { Int(logPages?.pointee ?? 0) }

  /// Checkpoints the log into the database, as far as readers allow.
  ///
  /// - Parameter limit: The maximum wait for readers that keep the log from being copied completely. `nil` does not
  ///   wait.
  func copyLogBack(waiting limit: Duration?) {
    lockWait.within(limit ?? .zero) {
      // The rest stays in the log until the next checkpoint.
      _ = sqlite3_wal_checkpoint_v2(
        handle, nil, limit == nil ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART, nil, nil)
    }
  }

  /// Throws the error for a result code, unless it is a success.
  func check(_ result: Int32) throws(SQLiteHistoryError) {
    guard result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE else {
      throw SQLiteHistoryError(resultCode: result, path: path, detail: String(cString: sqlite3_errmsg(handle)))
    }
  }

  /// Returns a URI with exactly this path.
  private static func untouchedURI(_ path: String) -> String {
    let digits = Array("0123456789ABCDEF")
    let escaped = path.utf8.reduce(into: "") { result, byte in
      let isPlain = byte != UInt8(ascii: "%") && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
      if isPlain, byte < 0x80 {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
    return "file:\(escaped)?immutable=1"
  }
}
