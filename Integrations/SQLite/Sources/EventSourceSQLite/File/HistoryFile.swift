/// What makes a database one of these histories, and which: marks in its header, and the tables.
enum HistoryFile {
  /// "ESKH", in the place that SQLite has for a program's mark.
  static let applicationID: Int64 = 0x4553_4B48
  /// The version of the tables below.
  static let version: Int64 = 2

  /// The history's own row; a row for each session in which it was written; a channel's row, which stays when its
  /// events go, so that no number is used twice; events, a channel's together and in order. What is read without the
  /// texts comes before them.
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

  /// What makes version 2 of version 1, in which all IDs had the one epoch of the file.
  private static let changesOfVersion1 = """
    CREATE TABLE session (id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE) STRICT;
    INSERT INTO session SELECT 1, epoch FROM history;
    ALTER TABLE history DROP COLUMN epoch;
    ALTER TABLE channel ADD COLUMN evicted_session INTEGER REFERENCES session (id);
    ALTER TABLE event ADD COLUMN session INTEGER NOT NULL DEFAULT 1;
    PRAGMA user_version = 2;
    """

  /// Opens a history to write it, and makes it first if there is none.
  static func open(
    _ path: String, busyTimeout: Duration, maximumBytes: Int?
  ) throws(SQLiteHistoryError) -> Connection {
    _ = try isThere(path, busyTimeout)
    let connection = try Connection(path, .readWrite, busyTimeout: busyTimeout)
    // Before there is a page; a file that is there stays as it was made.
    try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    try create(on: connection)
    guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
      throw SQLiteHistoryError(
        .cannotOpen, path: path, "its file system has no shared memory, which the log needs; use a local disk"
      )
    }
    // Elsewhere than on Linux, flushing the disk's own memory has to be asked for.
    try connection.execute("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")
    // With many channels each event is on a page of its own.
    try connection.execute("PRAGMA cache_size = -16384")
    // What a long reader made the log grow to is given back.
    try connection.execute("PRAGMA journal_size_limit = 67108864")
    if let maximumBytes {
      let pageSize = try connection.integer("PRAGMA page_size")
      // The most pages that SQLite knows.
      let pages = min(max(1, Int64(maximumBytes) / max(1, pageSize)), 0xFFFF_FFFE)
      try connection.execute("PRAGMA max_page_count = \(pages)")
    }
    return connection
  }

  /// Opens a history that is there, only to read it.
  static func openToRead(_ path: String, busyTimeout: Duration) throws(SQLiteHistoryError) -> Connection {
    guard try isThere(path, busyTimeout) else {
      throw SQLiteHistoryError(.cannotOpen, path: path, "there is no history yet; its writer makes it")
    }
    let connection = try Connection(path, .readOnly, busyTimeout: busyTimeout)
    guard try isHistory(connection) else {
      throw SQLiteHistoryError(.cannotOpen, path: path, "there is no history yet; its writer makes it")
    }
    guard try connection.integer("PRAGMA user_version") == version else {
      throw SQLiteHistoryError(
        .cannotOpen, path: path,
        "it was written by an earlier version; its writer brings it up to date when it opens it")
    }
    return connection
  }

  /// Looks at what is there without touching it: whether it is a history, or nothing yet.
  private static func isThere(_ path: String, _ busyTimeout: Duration) throws(SQLiteHistoryError) -> Bool {
    do {
      return try isHistory(Connection(path, .untouched, busyTimeout: busyTimeout))
    } catch  where error.code == .cannotOpen {
      // Not there, or not to be opened: opening it says which.
      return false
    } catch  where error.code == .inputOutput {
      throw SQLiteHistoryError(
        .cannotOpen, path: path, "it cannot be read; look whether it is a folder", resultCode: error.resultCode)
    }
  }

  /// Whether a database is a history; false, if it is empty.
  private static func isHistory(_ connection: Connection) throws(SQLiteHistoryError) -> Bool {
    let mark = try connection.integer("PRAGMA application_id")
    let version = try connection.integer("PRAGMA user_version")
    if mark == 0, version == 0, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 { return false }
    guard mark == applicationID else {
      throw SQLiteHistoryError(
        .otherApplication, path: connection.path, "the database belongs to another program; it is left as it is")
    }
    guard version <= self.version else {
      throw SQLiteHistoryError(
        .newerVersion, path: connection.path,
        "it has version \(version), and this library knows \(self.version); it is left as it is, use a newer library")
    }
    return true
  }

  /// All in one transaction: a process that is killed leaves an empty file, or a history.
  private static func create(on connection: Connection) throws(SQLiteHistoryError) {
    guard try version(of: connection) != version else { return }
    try connection.execute("BEGIN EXCLUSIVE")
    do {
      // Another process may have been faster.
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

  /// The version of the history in a database; nil: it is empty.
  private static func version(of connection: Connection) throws(SQLiteHistoryError) -> Int64? {
    try isHistory(connection) ? connection.integer("PRAGMA user_version") : nil
  }
}
