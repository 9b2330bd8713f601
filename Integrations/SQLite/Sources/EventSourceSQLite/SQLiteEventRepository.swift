public import EventSourceFormat
public import EventSourceServer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A durable history in one file, which is recorded by publishing and outlives the program.
///
/// Register it for any number of channels; ten thousand in one file are no burden. SQLite is never called on the
/// caller's thread: additions go through one queue of the repository's own, where all that wait are committed together,
/// and questions are answered by other connections beside that. What a call answers was committed.
///
/// IDs that it gives are the file's epoch, which is random, and the number of the event in its channel: `k3v9x0ma-17`.
/// Numbers rise by one and are never used again, also after a restart, and after the events are given up. So an ID of
/// another file is unknown, one from before the earliest event held is a gap, and both are said to the reader. An event
/// that is published with an ID of its own keeps it and is found by it, as long as it is held.
///
/// A process may be killed at any moment: everything that was acknowledged is there when the file is opened again. What
/// a power cut may take away is chosen with ``Durability``. One process writes the file and any number may read it at
/// the same time, on the same machine and a local disk, by ``ReadOnlySQLiteEventRepository``. If a second one writes it
/// too, the history stays sound, but neither tells its readers what the other publishes.
///
/// Any thread; the errors are ``SQLiteHistoryError``.
public final class SQLiteEventRepository: RecordingEventRepository {
  /// The largest text that SQLite holds has a billion bytes, in a row with everything else.
  private static let maximumEventBytes = 999_000_000

  /// The file.
  public let path: String
  /// How the history is kept.
  public let configuration: Configuration

  /// Before the writer, which is let go of last, and so leaves nothing beside the file.
  private let readers: ReaderPool
  private let writer: CommitQueue

  /// Opens the history in a file, and makes it if there is none.
  ///
  /// Blocks for some calls to the file system: open it when the program starts. Beside the file there are two more
  /// while it is open, with `-wal` and `-shm` after its name, which belong to it.
  ///
  /// - Parameter configuration: An invalid one is a mistake of the programmer and stops the program, so call
  ///   ``Configuration/validate()`` first on one that a person has written.
  /// - Throws: When the file cannot be opened, or is something else: another program's database, a history of a newer
  ///   version, no database at all. Such a file is left untouched.
  public convenience init(
    path: String, configuration: Configuration = Configuration()
  ) throws(SQLiteHistoryError) {
    try self.init(path: path, configuration: configuration, clock: systemMilliseconds)
  }

  /// - Parameter clock: Milliseconds since 1970, which the age of events is counted by.
  package init(
    path: String, configuration: Configuration, clock: @escaping @Sendable () -> Int64
  ) throws(SQLiteHistoryError) {
    do {
      try configuration.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    self.path = path
    self.configuration = configuration
    writer = try CommitQueue(path, configuration, clock: clock)
    readers = try ReaderPool(path, count: configuration.readers, busyTimeout: configuration.busyTimeout)
  }

  /// Adds events at a channel's end, all of them or none, and returns when they are committed.
  ///
  /// Additions that wait at the same time, to whatever channels, are committed together, so that the cost of a commit
  /// is shared. An addition that has begun is not undone when its task is canceled.
  ///
  /// - Returns: The events' IDs. A reconnection time is kept in whole milliseconds, as readers are sent it.
  /// - Throws: ``SQLiteHistoryError``: the events are not in the history then, and later additions may succeed; or
  ///   `EventStreamFormatError`, for a reconnection time that is negative.
  public func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    for event in events {
      if let time = event.reconnectionTime, time < .zero { throw EventStreamFormatError.negativeReconnectionTime(time) }
      let texts = [event.data, event.type?.rawValue ?? "", event.id?.rawValue ?? ""]
      guard texts.reduce(0, { $0 + $1.utf8.count }) <= Self.maximumEventBytes else {
        throw SQLiteHistoryError(.eventTooLarge, path: path, "an event is larger than SQLite can hold")
      }
    }
    guard !events.isEmpty else { return [] }
    return try await writer.add(events, to: channel)
  }

  /// The events after one, from one moment of the history. Linear in the events answered; finding the place costs two
  /// or three searches in a tree.
  ///
  /// - Throws: ``SQLiteHistoryError``, or `CancellationError` when the task is canceled.
  public func events(for request: ReplayRequest) async throws -> ReplayAnswer { try await readers.answer(request) }

  /// Commits what is waiting, answers what was asked, and closes the file; calls after this fail.
  ///
  /// A repository that is let go of closes its file too, on the thread that happens to let go.
  public func close() async {
    await readers.close()
    await writer.close()
  }
}

/// The system's time, in milliseconds since 1970.
private func systemMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
