internal import EventSourceFormat
internal import EventSourceServer

/// Writes a history, over the one connection that does. Used by one thread at a time.
final class HistoryWriter {
  /// Events to be added to one channel, all or none.
  struct Addition {
    let events: [ServerSentEvent]
    let channel: ChannelName

    /// What the retention counts of its events.
    var bytes: Int { events.reduce(0) { $0 + $1.recordedBytes } }
  }

  /// The log is copied back when it has so many pages (16 MiB, which measured a third more than SQLite's 4 MiB with
  /// 1,000 channels), and tried again each time that it has grown by so many; readers that always look at it might keep
  /// it from ever being emptied, so that they are waited for when it has four times as many.
  private static let logPages = (full: 4_000, step: 1_000, tooMany: 16_000)
  private static let waitForReaders = Duration.milliseconds(100)

  /// A channel has more than it keeps even after as much was evicted as an addition may cost.
  private(set) var isBehind = false

  private let connection: Connection
  /// The system's time in milliseconds since 1970, which the age of events is counted by.
  private let clock: @Sendable () -> Int64
  private let channels: ChannelTable
  private let sessions: SessionTable
  private let addEvent: Statement
  private let addFlush: Statement
  private var cleaner: HistoryCleaner
  /// When the log is to be flushed by itself, if the writer still waits for a lock then, or tries again; nil: never.
  var flushDue: ContinuousClock.Instant?
  /// When it was flushed so: all that was committed before is on the disk.
  private var logFlushed: ContinuousClock.Instant?
  private var isSynced = true
  /// How many pages the log had when it was last copied back.
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

  /// Adds to channels, in one transaction if that succeeds. If it fails, each half is tried by itself, and so on: an
  /// addition that cannot be recorded fails alone.
  ///
  /// - Parameter isSynced: Whether the disk is flushed before this returns, with everything that was committed before.
  /// - Returns: For each addition its events' IDs, or why none of them is recorded.
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
      // Nobody waits a second time for a file that is locked.
      if case .failure(let error) = first.last, !error.canBeOfOneAddition {
        return first + Array(repeating: .failure(error), count: additions.endIndex - middle)
      }
      return first + commit(additions[middle...], isSynced: isSynced)
    }
  }

  /// Flushes the disk, by a commit that does. If that fails, because the file is locked or the disk is full, the log is
  /// flushed by itself, and this throws.
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

  /// When the log was flushed by itself, since this was last asked; nil: it was not.
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

  /// A step of bounded work of evicting what exceeds the retention, in all channels in turn. The disk is not waited
  /// for: what a power cut brings back is evicted again.
  ///
  /// - Returns: Whether there is more to do now.
  func cleanUp() throws(SQLiteHistoryError) -> Bool {
    try setSynced(false)
    return try transaction { () throws(SQLiteHistoryError) in
      isBehind = false
      let (changed, hasMore) = try cleaner.step(now: clock())
      for record in changed { try channels.update(record) }
      // Which of the rows that are remembered these were is not known by name.
      if !changed.isEmpty { channels.forget() }
      return hasMore
    }
  }

  /// Whether copying the log back is due and waits for readers, for a tenth of a second at most.
  var isLogTooLong: Bool {
    let pages = connection.logPageCount
    return pages >= Self.logPages.tooMany && pages >= copiedLogPages + Self.logPages.step
  }

  /// Copies the log into the database, if it has grown; costs some milliseconds, and flushes what it copies.
  func copyLogBack() {
    let pages = connection.logPageCount
    // It began anew.
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
        // As much as was added, and some.
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
      // Another session may be open, in another process, and give such an ID later.
      if try sessions.key(of: foreign.epoch) != nil {
        record.highestForeign = max(record.highestForeign, foreign.number)
      }
    } else if ownID == nil, given.number <= record.highestForeign {
      // A program that publishes again what it read here may be ahead of the numbers.
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

  /// In a write-ahead log, FULL flushes the log at each commit; NORMAL before it is copied into the database only.
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
      // What was remembered may be of what is undone.
      channels.forget()
      sessions.transactionEnded(isCommitted: false)
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}

extension ServerSentEvent {
  /// What the retention counts of an event: the bytes of its data, ID and type.
  var recordedBytes: Int {
    data.utf8.count + (id?.rawValue.utf8.count ?? 0) + (type?.rawValue.utf8.count ?? 0)
  }
}
