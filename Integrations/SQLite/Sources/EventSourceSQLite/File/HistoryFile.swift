/// The marks in the header and the tables that identify a database as a history.
enum HistoryFile {
  /// "ESKH", as SQLite's application ID.
  static let applicationID: Int64 = 0x4553_4B48
  /// The version of the tables below.
  static let version: Int64 = 2

  /// The tables: one row for the history, one for each writing session, one for each channel, and the events, clustered
  /// by channel and number. A channel's row stays when its events are evicted, so that no number is reused. Columns
  /// that are read without the texts come first.
  private static let tables = """
    CREATE TABLE history (flushes INTEGER NOT NULL) STRICT;
    CREATE TABLE session (id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE channel (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      highest_foreign INTEGER NOT NULL,
      evicted_session INTEGER REFERENCES session (id)
    ) STRICT;
    CREATE TABLE event (
      channel INTEGER NOT NULL REFERENCES channel (id),
      number INTEGER NOT NULL,
      time INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      session INTEGER NOT NULL REFERENCES session (id),
      reconnection INTEGER,
      own_id TEXT,
      type TEXT,
      data TEXT NOT NULL,
      PRIMARY KEY (channel, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX event_own_id ON event (channel, own_id) WHERE own_id IS NOT NULL;
    """

  /// Upgrades version 1, in which all IDs had the file's single epoch, to version 2.
  private static let changesOfVersion1 = """
    CREATE TABLE session (id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE) STRICT;
    INSERT INTO session SELECT 1, epoch FROM history;
    ALTER TABLE history DROP COLUMN epoch;
    ALTER TABLE channel ADD COLUMN evicted_session INTEGER REFERENCES session (id);
    ALTER TABLE event ADD COLUMN session INTEGER NOT NULL DEFAULT 1;
    PRAGMA user_version = 2;
    """

  /// Opens a history for writing, and creates it if there is none. Waits for another writer to close it.
  static func open(
    _ path: String, busyTimeout: Duration, maximumBytes: Int?
  ) throws(SQLiteHistoryError) -> Connection {
    _ = try isThere(path, busyTimeout)
    let connection = try Connection(path, .readWrite, busyTimeout: busyTimeout)
    connection.writerLock = try WriterLock(of: connection, waiting: busyTimeout)
    // Takes effect only before the first page is written; existing files keep their setting.
    try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    try create(on: connection)
    guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
      throw SQLiteHistoryError(
        .cannotOpen, path: path, "the file system has no shared memory, which the log needs; use a local disk"
      )
    }
    // Except on Linux, flushing the disk's own cache is a separate request.
    try connection.execute("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")
    // With many channels, each event is on a page of its own.
    try connection.execute("PRAGMA cache_size = -16384")
    // Shrinks the log again after a long read made it grow.
    try connection.execute("PRAGMA journal_size_limit = 67108864")
    if let maximumBytes {
      let pageSize = try connection.integer("PRAGMA page_size")
      // SQLite's maximum page count.
      let pages = min(max(1, Int64(maximumBytes) / max(1, pageSize)), 0xFFFF_FFFE)
      try connection.execute("PRAGMA max_page_count = \(pages)")
    }
    return connection
  }

  /// Opens an existing history for reading.
  static func openToRead(_ path: String, busyTimeout: Duration) throws(SQLiteHistoryError) -> Connection {
    guard try isThere(path, busyTimeout) else {
      throw SQLiteHistoryError(.cannotOpen, path: path, "the history does not exist yet; its writer creates it")
    }
    let connection = try Connection(path, .readOnly, busyTimeout: busyTimeout)
    guard try isHistory(connection) else {
      throw SQLiteHistoryError(.cannotOpen, path: path, "the history does not exist yet; its writer creates it")
    }
    guard try connection.integer("PRAGMA user_version") == version else {
      throw SQLiteHistoryError(
        .cannotOpen, path: path,
        "the file was written by an earlier version; its writer upgrades it on opening")
    }
    return connection
  }

  /// Checks, without changing the file, that it is a history or empty.
  private static func isThere(_ path: String, _ busyTimeout: Duration) throws(SQLiteHistoryError) -> Bool {
    do {
      return try isHistory(Connection(path, .untouched, busyTimeout: busyTimeout))
    } catch  where error.code == .cannotOpen {
      // It does not exist or cannot be opened; opening it reports which.
      return false
    } catch  where error.code == .inputOutput {
      throw SQLiteHistoryError(
        .cannotOpen, path: path, "cannot be read; check that it is not a folder", resultCode: error.resultCode)
    }
  }

  /// Returns `true` if the database is a history and `false` if it is empty; throws if it is anything else.
  private static func isHistory(_ connection: Connection) throws(SQLiteHistoryError) -> Bool {
    let mark = try connection.integer("PRAGMA application_id")
    let version = try connection.integer("PRAGMA user_version")
    if mark == 0, version == 0, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 { return false }
    guard mark == applicationID else {
      throw SQLiteHistoryError(
        .otherApplication, path: connection.path, "the database belongs to another program; it was not changed")
    }
    guard version <= self.version else {
      throw SQLiteHistoryError(
        .newerVersion, path: connection.path,
        "the file has version \(version), but this library supports \(self.version); nothing was changed")
    }
    return true
  }

  /// Creates the tables in one transaction, so a killed process leaves either an empty file or a history.
  private static func create(on connection: Connection) throws(SQLiteHistoryError) {
    guard try version(of: connection) != version else { return }
    try connection.execute("BEGIN EXCLUSIVE")
    do {
      // Another process may have created the tables first.
      switch try version(of: connection) {
      case nil:
        try connection.execute(tables)
        try connection.execute("INSERT INTO history VALUES (0)")
        try connection.execute("PRAGMA application_id = \(applicationID)")
        try connection.execute("PRAGMA user_version = \(version)")
      case 1: try connection.execute(changesOfVersion1)
      default: break
      }
      try connection.execute("COMMIT")
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// Returns the history's version, or `nil` if the database is empty.
  private static func version(of connection: Connection) throws(SQLiteHistoryError) -> Int64? {
    try isHistory(connection) ? connection.integer("PRAGMA user_version") : nil
  }
}
