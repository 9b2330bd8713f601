#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Connection {
  /// Flushes the write-ahead log's file to the disk without SQLite, which cannot do so while another process has the
  /// lock. Committed events are in that file. SQLite keeps no locks on it that closing the descriptor would release.
  ///
  /// - Returns: Whether it succeeded.
  func flushLogFile() -> Bool {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    // The file may be new.
    return Self.flush("\(path)-wal") && Self.flush(folder)
  }

  private static func flush(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    #if canImport(Darwin)
      return fcntl(descriptor, F_FULLFSYNC) == 0
    #else
      return fsync(descriptor) == 0
    #endif
  }
}
