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
/// An ID that it gives is the epoch of the session and the number of the event in its channel: `k3v9x0m4ta-17`. A
/// session is the time in which a process has the file open to write it; its epoch is random, and the file keeps it.
/// Numbers rise by one. No ID ever names two events: not after a restart or an eviction, not where a power cut took
/// events away, and not where a copy of the file was written as well. An ID of another file is unknown, one from before
/// the earliest event held is a gap, and both are told to the reader. An event that is published with an ID of its own
/// keeps it and is found by it, as long as it is held. IDs and names of channels are compared by their bytes.
///
/// A process may be killed at any moment: everything that was acknowledged is there when the file is opened again. What
/// a power cut may take away is chosen with ``Durability``. One process writes the file and any number may read it at
/// the same time, on the same machine and a local disk, by ``ReadOnlySQLiteEventRepository``. If a second one writes it
/// too, the history stays sound, but neither tells its readers what the other publishes.
///
/// Any thread; the errors are ``SQLiteHistoryError``.
public final class SQLiteEventRepository: NewestEventReporting {
  /// The largest text that SQLite holds has a billion bytes, in a row with everything else.
  private static let maximumEventBytes = 999_000_000

  /// The file.
  public let path: String
  /// How the history is kept.
  public let configuration: Configuration

  /// Before the writer, which is released last, and so leaves nothing beside the file.
  private let readers: ReaderPool
  private let writer: CommitQueue

  /// Opens the history in a file, and makes it if there is none.
  ///
  /// Blocks for some calls to the file system: open it when the program starts. Beside the file there are two more
  /// while it is open, with `-wal` and `-shm` after its name, which belong to it.
  ///
  /// - Throws: ``SQLiteHistoryError/Code/invalidConfiguration``, which names the value, when the configuration is not
  ///   valid. Other codes when the file cannot be opened, or is something else: another program's database, a history
  ///   of a newer version, no database at all. Such a file is left untouched.
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
      throw SQLiteHistoryError(.invalidConfiguration, path: path, "\(error)")
    }
    self.path = path
    self.configuration = configuration
    writer = try CommitQueue(path, configuration, clock: clock)
    readers = try ReaderPool(
      path, count: configuration.readers, busyTimeout: configuration.busyTimeout,
      timeLimit: configuration.additionTimeout)
    // Not before: a reader that opens the file beside a transaction may find it locked.
    writer.start()
  }

  /// Adds events at a channel's end, all of them or none, and returns when they are committed.
  ///
  /// Additions that wait at the same time, to whatever channels, are committed together, so that the cost of a commit
  /// is shared; one that cannot be recorded fails alone. It ends within ``Configuration/additionTimeout``, and when its
  /// task is canceled while it waits. One that is being committed is not undone then.
  ///
  /// - Returns: The events' IDs. A reconnection time is kept in whole milliseconds, as readers are sent it.
  /// - Throws: Nothing is recorded then, except with ``SQLiteHistoryError/Code/undecided``, and later additions may
  ///   succeed. ``SQLiteHistoryError``; `EventIDFlaw` for an ID that no reader can bring back; `EventStreamFormatError`
  ///   for a reconnection time that is negative; or `CancellationError`.
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

  /// The events after one, from one moment of the history. Linear in the events answered; finding the place costs two
  /// or three searches in a tree.
  ///
  /// - Throws: ``SQLiteHistoryError``, or `CancellationError` when the task is canceled.
  public func events(for request: ReplayRequest) async throws -> ReplayAnswer { try await readers.answer(request) }

  /// The ID of a channel's newest event; nil: the file holds none.
  public func newestEventID(in channel: ChannelName) async throws -> EventID? {
    let request = ReplayRequest(channel: channel, lastEventID: nil, maximumEvents: 1)
    guard case .contiguous(let events) = try await readers.answer(request, isForNewest: true) else { return nil }
    return events.last?.id
  }

  /// The memory that additions take while they wait or are committed, about.
  package var waitingBytes: Int { writer.waitingBytes }

  /// Commits what is waiting, answers what was asked, and closes the file; calls after this fail.
  ///
  /// If a call to the file system hangs, this returns after ``Configuration/additionTimeout`` for the readers and as
  /// much again for the writer, and the file is closed when the call returns. A repository that is released without
  /// this closes its file too, on the thread that happens to release it.
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
