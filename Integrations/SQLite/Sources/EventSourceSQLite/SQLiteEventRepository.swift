public import EventSourceFormat
public import EventSourceServer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A durable history in one file. Publishing records events in the file, which outlives the program.
///
/// Register it for any number of channels. One file handles ten thousand channels well. SQLite never runs on the
/// caller's thread: one queue commits additions, all that are waiting together, and separate connections answer reads.
/// A read returns only committed events.
///
/// An ID that the repository generates consists of the session's epoch and the event's number in its channel, such as
/// `k3v9x0m4ta-17`. A session lasts as long as one process has the file open for writing. Its epoch is random and is
/// stored in the file. Numbers increase by one. No ID ever names two events, even after a restart, an eviction or a
/// power failure, or if a copy of the file was written elsewhere. An ID from another file is unknown, and an ID from
/// before the earliest stored event is a gap; the reader gets a gap event in both cases. An event with an ID of its own
/// keeps that ID and can be found by it while the event is stored. IDs and channel names are compared by their bytes.
///
/// A process may be killed at any moment: every acknowledged event is there when the file is opened again.
/// ``Durability`` determines what a power failure may lose. One repository at a time has the file open for writing;
/// opening a second one, in this process or in another, fails with ``SQLiteHistoryError/Code/busy``. Any number of
/// processes on the same machine may read it at the same time, through ``SQLiteEventReader``. The disk must be local.
///
/// Safe to use from any thread. Errors are ``SQLiteHistoryError``.
public final class SQLiteEventRepository: NewestEventReporting {
  /// SQLite limits a row, and so an event with its ID and type, to a billion bytes.
  private static let maximumEventBytes = 999_000_000

  /// The file.
  public let path: String
  /// The settings of the history.
  public let configuration: Configuration

  /// Released before the writer. The last connection to be closed removes the two files next to the history.
  private let readers: ReaderPool
  private let writer: CommitQueue

  /// Opens the history in a file, or creates it.
  ///
  /// Blocks for a few file system calls, and for up to ``Configuration/busyTimeout`` while another writer has it open,
  /// so open it when the program starts. While it is open, three more files are next to it. Two of them, with
  /// `-wal` and `-shm` after its name, are part of the history. The third, with `-lock`, keeps other writers out.
  ///
  /// - Throws: ``SQLiteHistoryError/Code/invalidConfiguration``, which names the value, if the configuration is not
  ///   valid. Other codes if the file cannot be opened or is not a history: another program's database, a history of a
  ///   newer version, or not a database. Such a file is not changed.
  public convenience init(
    path: String, configuration: Configuration = Configuration()
  ) throws(SQLiteHistoryError) {
    try self.init(path: path, configuration: configuration, clock: systemMilliseconds)
  }

  /// - Parameter clock: Returns milliseconds since 1970. Determines the age of events.
  package init(
    path: String, configuration: Configuration, clock: @escaping @Sendable () -> Int64
  ) throws(SQLiteHistoryError) {
    do {
      try configuration.validate()
    } catch {
      throw SQLiteHistoryError(.invalidConfiguration, path: path, "\(error)")
    }
    self.path = path
    self.configuration = configuration
    writer = try CommitQueue(path, configuration, clock: clock)
    readers = try ReaderPool(
      path, count: configuration.connections, busyTimeout: configuration.busyTimeout,
      timeLimit: configuration.additionTimeout)
    // After the readers: one that opens the file during a transaction might find it locked.
    writer.start()
  }

  /// Appends events to a channel, all of them or none, and returns when they are committed.
  ///
  /// Additions that are waiting at the same time are committed together, whatever their channels, so they share the
  /// cost of a commit. An addition that cannot be recorded fails without affecting others. The call ends within
  /// ``Configuration/additionTimeout``, or when its task is cancelled while it waits. Cancellation does not undo an
  /// addition that is being committed.
  ///
  /// - Returns: The events' IDs. A reconnection time is stored in whole milliseconds, as it is sent to readers.
  /// - Throws: ``SQLiteHistoryError``; `EventIDFlaw` for an ID that no reader can send back; `EventStreamFormatError`
  ///   for a negative reconnection time; or `CancellationError`. Nothing was recorded, except possibly with
  ///   ``SQLiteHistoryError/Code/undecided``. Later additions may succeed.
  public func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    for event in events {
      try event.id?.checkReturnable()
      if let time = event.reconnectionTime, time < .zero { throw EventStreamFormatError.negativeReconnectionTime(time) }
      guard event.recordedBytes <= Self.maximumEventBytes else {
        throw SQLiteHistoryError(.eventTooLarge, path: path, "an event is larger than SQLite can hold")
      }
    }
    guard !events.isEmpty else { return [] }
    return try await writer.add(events, to: channel)
  }

  /// Returns the events after another, from one snapshot of the history. Linear in the number of events returned, plus
  /// two or three searches in a tree.
  ///
  /// - Throws: ``SQLiteHistoryError``, or `CancellationError` if the task is cancelled.
  public func events(for request: ReplayRequest) async throws -> ReplayResult { try await readers.answer(request) }

  /// Returns the ID of a channel's newest event, or `nil` if the file has none.
  public func newestEventID(in channel: ChannelName) async throws -> EventID? {
    let request = ReplayRequest(channel: channel, lastEventID: nil, maximumEvents: 1)
    guard case .contiguous(let events) = try await readers.answer(request, about: .newest) else { return nil }
    return events.last?.id
  }

  /// Returns whether the file still has every event that was ever added to a channel: none was evicted.
  public func hasEveryEvent(in channel: ChannelName) async throws -> Bool {
    try await readers.answer(ReplayRequest(channel: channel, lastEventID: nil), about: .completeness) == .contiguous([])
  }

  /// The approximate number of bytes of additions that are waiting or being committed.
  package var waitingBytes: Int { writer.waitingBytes }

  /// Commits waiting additions, completes waiting reads and closes the file. Later calls fail.
  ///
  /// If a file system call hangs, this waits ``Configuration/additionTimeout`` for the readers and as long again for
  /// the writer, then returns; the file is closed when the call returns. Deallocating a repository also closes
  /// its file, on the thread that releases it.
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
