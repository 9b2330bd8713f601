public import EventSourceServer

/// Read access to a history that another process, or another part of this one, writes or has written.
///
/// It returns committed events and records nothing: publishing to a channel that it is registered for does not use it.
/// Each read sees what the writer has added, but the repository is not notified of additions. Connect readers that
/// follow live to the writer's hub. Safe to use from any thread. Errors are ``SQLiteHistoryError``.
public final class SQLiteEventReader: EventRepository {
  /// The file.
  public let path: String

  private static let closingTime = Duration.seconds(30)

  private let readers: ReaderPool

  /// Opens an existing history. Blocks for a few file system calls.
  ///
  /// SQLite coordinates readers and the writer through a small file next to the history. So either the process must be
  /// able to write to the folder, or the writer must have the history open.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - connections: The number of reads that run at the same time, 1 to 64, each over its own connection.
  ///   - busyTimeout: The maximum wait while another process recovers the file after a writer was killed.
  /// - Throws: ``SQLiteHistoryError`` if the file does not exist, cannot be opened or is not a history, or if a value
  ///   is not allowed.
  public init(path: String, connections: Int = 2, busyTimeout: Duration = .seconds(5)) throws(SQLiteHistoryError) {
    guard (1...64).contains(connections), busyTimeout >= .zero else {
      throw SQLiteHistoryError(
        .invalidConfiguration, path: path,
        "connections is \(connections), expected 1 to 64; busyTimeout is \(busyTimeout), expected zero or more")
    }
    self.path = path
    readers = try ReaderPool(path, count: connections, busyTimeout: busyTimeout, timeLimit: Self.closingTime)
  }

  /// Returns the events after another, as ``SQLiteEventRepository/events(for:)`` does.
  public func events(for request: ReplayRequest) async throws -> ReplayResult { try await readers.answer(request) }

  /// Completes waiting reads and closes the file. Later calls fail. If a file system call hangs, waiting reads fail
  /// after 30 seconds, and the file is closed when the call returns.
  public func close() async { await readers.close() }
}
