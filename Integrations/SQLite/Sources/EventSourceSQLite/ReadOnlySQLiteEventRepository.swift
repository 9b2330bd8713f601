public import EventSourceServer

/// A history in a file that another process, or another part of this one, writes at the same time or wrote earlier.
///
/// It answers what is committed, and does not record: a channel that it is registered for is published to without it.
/// It sees what the writer adds with each question, but nothing tells it when; readers that follow live belong to the
/// hub that the writer publishes in. Any thread; the errors are ``SQLiteHistoryError``.
public final class ReadOnlySQLiteEventRepository: EventRepository {
  /// The file.
  public let path: String

  private static let closingTime = Duration.seconds(30)

  private let readers: ReaderPool

  /// Opens a history that is there. Blocks for some calls to the file system.
  ///
  /// The process has to be allowed to write the folder, or the history has to be open in its writer at this time:
  /// SQLite keeps a small file beside it in which readers and writers see each other.
  ///
  /// - Parameters:
  ///   - readers: How many questions are answered at the same time, 1 to 64, each by a connection of its own.
  ///   - busyTimeout: How long to wait while another process repairs the file after it was killed.
  /// - Throws: When the file is not there or cannot be opened, or is something else than a history, or a value makes no
  ///   sense.
  public init(path: String, readers: Int = 2, busyTimeout: Duration = .seconds(5)) throws(SQLiteHistoryError) {
    guard (1...64).contains(readers), busyTimeout >= .zero else {
      throw SQLiteHistoryError(
        .invalidConfiguration, path: path,
        "readers is \(readers), allowed is 1 to 64; busyTimeout is \(busyTimeout), allowed is zero or more")
    }
    self.path = path
    self.readers = try ReaderPool(path, count: readers, busyTimeout: busyTimeout, timeLimit: Self.closingTime)
  }

  /// The events after one, as ``SQLiteEventRepository/events(for:)``.
  public func events(for request: ReplayRequest) async throws -> ReplayAnswer { try await readers.answer(request) }

  /// Answers what was asked, and closes the file; calls after this fail. If a call to the file system hangs, what was
  /// asked fails after half a minute, and the file is closed when the call returns.
  public func close() async { await readers.close() }
}
