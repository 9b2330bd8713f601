internal import CSQLite

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lock of a history's one writer, which the operating system releases when the process ends.
///
/// It is a lock on a file of its own, next to the history, with `-lock` after the name. A lock on the history itself is
/// impossible: closing any descriptor of that file would release the locks of SQLite's connections in this process.
final class WriterLock {
  private let path: String
  private let descriptor: Int32

  /// Waits for the lock.
  ///
  /// - Parameters:
  ///   - connection: The open history.
  ///   - limit: The maximum wait for another writer.
  /// - Throws: ``SQLiteHistoryError/Code/busy`` with the other writer's process, or the reason why the file cannot be
  ///   created.
  init(of connection: Connection, waiting limit: Duration) throws(SQLiteHistoryError) {
    // SQLite's name of the file, without symbolic links, so that every path of one file has one lock.
    let history = sqlite3_db_filename(connection.handle, "main").map { String(cString: $0) } ?? connection.path
    path = history + "-lock"
    let end = ContinuousClock.now + limit.asTimeLimit
    while true {
      let descriptor = try Self.descriptor(of: path, connection.path)
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        // The previous writer may have removed the file in the meantime. Then the lock holds for nobody else.
        if Self.isFile(descriptor, at: path) {
          self.descriptor = descriptor
          Self.note(descriptor)
          return
        }
        close(descriptor)
        continue
      }
      let other = Self.owner(descriptor)
      close(descriptor)
      guard ContinuousClock.now < end else { throw .hasWriter(connection.path, process: other) }
      sqlite3_sleep(10)
    }
  }

  /// Removes the file while the lock is held, so that nobody who opens it later gets the lock of a removed file.
  deinit {
    unlink(path)
    close(descriptor)
  }

  private static func descriptor(of path: String, _ history: String) throws(SQLiteHistoryError) -> Int32 {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return descriptor }
      guard errno != EINTR else { continue }
      let reason = String(cString: strerror(errno))
      throw SQLiteHistoryError(
        errno == EROFS || errno == EACCES ? .readOnly : .cannotOpen, path: history,
        "its lock file \"\(path)\" cannot be created: \(reason)")
    }
  }

  private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
    var opened = stat()
    var named = stat()
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  /// Writes this process's number into the file, for the messages of others.
  private static func note(_ descriptor: Int32) {
    ftruncate(descriptor, 0)
    let text = "\(getpid())\n"
    _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
  }

  private static func owner(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
