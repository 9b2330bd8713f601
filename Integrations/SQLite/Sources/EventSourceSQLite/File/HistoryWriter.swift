internal import EventSourceFormat
internal import EventSourceServer

/// Writes a history over its single writing connection. Confined to one thread at a time.
final class HistoryWriter {
  /// Events to add to one channel, all or none.
  struct Addition {
    let events: [ServerSentEvent]
    let channel: ChannelName

    /// The bytes of its events, as retention counts them.
    var bytes: Int { events.reduce(0) { $0 + $1.recordedBytes } }
  }

  /// The log is checkpointed when it has this many pages. After that, the checkpoint is repeated whenever the log
  /// has grown by `step`. 16 MiB gave a third more throughput than SQLite's 4 MiB with 1,000 channels. Continuous
  /// readers could keep the log from ever restarting, so at four times this size the checkpoint waits for them.
  private static let logPages = (full: 4_000, step: 1_000, tooMany: 16_000)
  private static let waitForReaders = Duration.milliseconds(100)

  /// Whether a channel still exceeds its limits after as many evictions as an addition may perform.
  private(set) var isBehind = false

  private let connection: Connection
  /// Returns milliseconds since 1970. Determines the age of events.
  private let clock: @Sendable () -> Int64
  private let channels: ChannelTable
  private let sessions: SessionTable
  private let addEvent: Statement
  private let addFlush: Statement
  private var cleaner: HistoryCleaner
  /// The time at which to flush the log without SQLite if the writer is still waiting for a lock. `nil` means never.
  var flushDue: ContinuousClock.Instant?
  /// The time of that flush. Everything committed before is on the disk.
  private var logFlushed: ContinuousClock.Instant?
  private var isSynced = true
  /// The number of pages in the log at the last checkpoint.
  private var copiedLogPages = 0

  init(
    _ path: String, _ configuration: SQLiteEventRepository.Configuration, clock: @escaping @Sendable () -> Int64
  ) throws(SQLiteHistoryError) {
    connection = try HistoryFile.open(
      path, busyTimeout: configuration.writersBusyTimeout, maximumBytes: configuration.maximumFileBytes)
    connection.countLogPages()
    self.clock = clock
    channels = try ChannelTable(on: connection)
    sessions = try SessionTable(on: connection)
    addEvent = try Statement(
      """
      INSERT INTO event (channel, number, time, bytes, session, reconnection, own_id, type, data)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, on: connection)
    addFlush = try Statement("UPDATE history SET flushes = flushes + 1", on: connection)
    cleaner = try HistoryCleaner(configuration.retention, on: connection)
    connection.lockWait.meanwhile = { [weak self] in self?.flushIfDue() }
  }

  /// Adds events to channels, in one transaction if possible. If that fails, each half is tried separately, and so on,
  /// so an addition that cannot be recorded fails without affecting others.
  ///
  /// - Parameter isSynced: Whether to flush the disk before returning, including earlier commits.
  /// - Returns: For each addition, its events' IDs or the error that prevented it.
  func commit(
    _ additions: ArraySlice<Addition>, isSynced: Bool
  ) -> [Result<[EventID], SQLiteHistoryError>] {
    do throws(SQLiteHistoryError) {
      return try commitTogether(additions, isSynced: isSynced).map { .success($0) }
    } catch {
      let all = Array(repeating: Result<[EventID], SQLiteHistoryError>.failure(error), count: additions.count)
      guard additions.count > 1, error.canBeOfOneAddition else { return all }
      let middle = additions.startIndex + additions.count / 2
      flushIfDue()
      let first = commit(additions[..<middle], isSynced: isSynced)
      // The file is locked. Trying the two halves would only wait again.
      if case .failure(let error) = first.last, !error.canBeOfOneAddition {
        return first + Array(repeating: .failure(error), count: additions.endIndex - middle)
      }
      return first + commit(additions[middle...], isSynced: isSynced)
    }
  }

  /// Flushes the disk by a synchronous commit. If that fails because the file is locked or the disk is full, flushes
  /// the log without SQLite and throws.
  func flush() throws(SQLiteHistoryError) {
    flushDue = .now
    do throws(SQLiteHistoryError) {
      try setSynced(true)
      try connection.lockWait.within(.zero) { () throws(SQLiteHistoryError) in
        try transaction { () throws(SQLiteHistoryError) in try addFlush.run() }
      }
    } catch {
      flushIfDue()
      throw error
    }
  }

  /// Returns when the log was flushed without SQLite since the last call, or `nil` if it was not.
  func takeFlushOfLog() -> ContinuousClock.Instant? {
    defer { logFlushed = nil }
    return logFlushed
  }

  private func flushIfDue() {
    let now = ContinuousClock.now
    guard let flushDue, flushDue <= now, connection.flushLogFile() else { return }
    self.flushDue = nil
    logFlushed = now
  }

  /// Evicts events beyond the retention limits, in one bounded step that continues where the last one stopped. Does not
  /// flush the disk: events that a power failure restores are evicted again.
  ///
  /// - Returns: Whether there is more to do now.
  func cleanUp() throws(SQLiteHistoryError) -> Bool {
    try setSynced(false)
    return try transaction { () throws(SQLiteHistoryError) in
      isBehind = false
      let (changed, hasMore) = try cleaner.step(now: clock())
      for record in changed { try channels.update(record) }
      // The records have no names, so cached rows cannot be found by name.
      if !changed.isEmpty { channels.forget() }
      return hasMore
    }
  }

  /// Whether a checkpoint is due that waits for readers, at most a tenth of a second.
  var isLogTooLong: Bool {
    let pages = connection.logPageCount
    return pages >= Self.logPages.tooMany && pages >= copiedLogPages + Self.logPages.step
  }

  /// Checkpoints the log if it has grown. Takes a few milliseconds, and flushes what it copies.
  func copyLogBack() {
    let pages = connection.logPageCount
    // The log restarted.
    if pages < copiedLogPages { copiedLogPages = 0 }
    guard pages >= Self.logPages.full, pages >= copiedLogPages + Self.logPages.step else { return }
    connection.copyLogBack(waiting: isLogTooLong ? Self.waitForReaders : nil)
    copiedLogPages = pages
  }

  private func commitTogether(
    _ additions: ArraySlice<Addition>, isSynced: Bool
  ) throws(SQLiteHistoryError) -> [[EventID]] {
    try setSynced(isSynced)
    return try transaction { () throws(SQLiteHistoryError) in
      let session = try sessions.session()
      let time = clock()
      var ids: [[EventID]] = []
      ids.reserveCapacity(additions.count)
      for addition in additions {
        var record = try channels.record(of: addition.channel)
        var added: [EventID] = []
        added.reserveCapacity(addition.events.count)
        for event in addition.events { added.append(try add(event, to: &record, session, time)) }
        // Slightly more than was added.
        try cleaner.evict(from: &record, atMost: 2 * addition.events.count + 16)
        if cleaner.isBehind(record) { isBehind = true }
        try channels.update(record, of: addition.channel)
        ids.append(added)
      }
      return ids
    }
  }

  private func add(
    _ event: ServerSentEvent, to record: inout ChannelRecord, _ session: SessionTable.Session, _ time: Int64
  ) throws(SQLiteHistoryError) -> EventID {
    record.last += 1
    let given = GivenID(epoch: session.epoch, number: record.last)
    var ownID = event.id
    if let foreign = ownID.flatMap(GivenID.init(parsing:)) {
      // A session in another process may generate such an ID later.
      if try sessions.key(of: foreign.epoch) != nil {
        record.highestForeign = max(record.highestForeign, foreign.number)
      }
    } else if ownID == nil, given.number <= record.highestForeign {
      // A program that republishes events it has read here may be ahead of the numbers.
      ownID = given.distinctID
    }
    let bytes = Int64(event.recordedBytes)
    record.bytes += bytes
    try addEvent.bind(1, record.key)
    try addEvent.bind(2, record.last)
    try addEvent.bind(3, time)
    try addEvent.bind(4, bytes)
    try addEvent.bind(5, session.key)
    try addEvent.bind(6, event.reconnectionTime?.wholeMilliseconds)
    try addEvent.bind(7, ownID?.rawValue)
    try addEvent.bind(8, event.type?.rawValue)
    try addEvent.bind(9, event.data)
    try addEvent.run()
    return ownID ?? given.id
  }

  /// With a write-ahead log, FULL flushes the log at each commit, and NORMAL only before a checkpoint.
  private func setSynced(_ isSynced: Bool) throws(SQLiteHistoryError) {
    guard isSynced != self.isSynced else { return }
    try connection.execute("PRAGMA synchronous = \(isSynced ? "FULL" : "NORMAL")")
    self.isSynced = isSynced
  }

  private func transaction<R>(_ body: () throws(SQLiteHistoryError) -> R) throws(SQLiteHistoryError) -> R {
    try connection.execute("BEGIN IMMEDIATE")
    do {
      try channels.forgetWhatOthersChanged()
      let result = try body()
      try connection.execute("COMMIT")
      sessions.transactionEnded(isCommitted: true)
      return result
    } catch {
      // The cached rows may belong to the transaction that is rolled back.
      channels.forget()
      sessions.transactionEnded(isCommitted: false)
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}

extension ServerSentEvent {
  /// The bytes that retention counts: data, ID and type.
  var recordedBytes: Int {
    data.utf8.count + (id?.rawValue.utf8.count ?? 0) + (type?.rawValue.utf8.count ?? 0)
  }
}
