internal import EventSourceFormat
internal import EventSourceServer

/// Writes a history, over the one connection that does. Used by one thread at a time.
///
/// Another process may write the same file in turn: what is remembered of the channels is dropped when one did.
final class HistoryWriter {
  /// Events to be added to one channel, all or none.
  struct Addition {
    let events: [ServerSentEvent]
    let channel: ChannelName
  }

  /// Rows remembered; a channel more, and they are read again when they are needed.
  private static let rememberedChannels = 20_000

  /// A channel has more than it keeps even after as much was given up as an addition may cost.
  private(set) var isBehind = false
  /// The log is copied back when it has so many pages (16 MiB, which measured a third more than SQLite's 4 MiB with
  /// 1,000 channels), and tried again each time that it has grown by so many; readers that always look at it might keep
  /// it from ever being emptied, so that they are waited for when it has four times as many.
  private static let logPages = (full: 4_000, step: 1_000, tooMany: 16_000)

  private let connection: Connection
  private let given: GivenID
  /// The system's time in milliseconds since 1970, which the age of events is counted by.
  private let clock: @Sendable () -> Int64
  private var channels: [ChannelName: ChannelRecord] = [:]
  private var dataVersion: Int64 = 0
  private var isSynced = true
  /// How many pages the log had when it was last copied back.
  private var copiedLogPages = 0
  private let readDataVersion: Statement
  private let findChannel: Statement
  private let addChannel: Statement
  private let updateChannel: Statement
  private let addEvent: Statement
  private let addFlush: Statement
  private var cleaner: HistoryCleaner

  init(
    _ path: String, _ configuration: SQLiteEventRepository.Configuration, clock: @escaping @Sendable () -> Int64
  ) throws(SQLiteHistoryError) {
    connection = try HistoryFile.open(
      path, busyTimeout: configuration.busyTimeout, maximumBytes: configuration.maximumFileBytes)
    connection.countLogPages()
    self.clock = clock
    guard let epoch = try connection.text("SELECT epoch FROM history") else {
      throw SQLiteHistoryError(.damaged, path: path, "the file has no epoch")
    }
    given = GivenID(epoch: epoch)
    readDataVersion = try Statement("PRAGMA data_version", on: connection)
    findChannel = try Statement(
      "SELECT id, first, last, bytes, highest_foreign FROM channel WHERE name = ?", on: connection)
    addChannel = try Statement(
      "INSERT INTO channel (name, first, last, bytes, highest_foreign) VALUES (?, 1, 0, 0, 0)", on: connection)
    updateChannel = try Statement(
      "UPDATE channel SET first = ?, last = ?, bytes = ?, highest_foreign = ? WHERE id = ?", on: connection)
    addEvent = try Statement(
      """
      INSERT INTO event (channel, number, time, bytes, reconnection, own_id, type, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """, on: connection)
    addFlush = try Statement("UPDATE history SET flushes = flushes + 1", on: connection)
    cleaner = try HistoryCleaner(configuration.retention, on: connection)
  }

  /// Adds to channels in one transaction, and gives up as much of what exceeds the retention as was added, and some.
  ///
  /// - Parameter isSynced: Whether the disk is flushed before this returns, with everything that was committed before.
  /// - Returns: The IDs of each addition's events.
  func commit(_ additions: [Addition], isSynced: Bool) throws(SQLiteHistoryError) -> [[EventID]] {
    try setSynced(isSynced)
    return try transaction { () throws(SQLiteHistoryError) in
      let time = clock()
      var ids: [[EventID]] = []
      ids.reserveCapacity(additions.count)
      for addition in additions {
        var record = try record(of: addition.channel)
        var added: [EventID] = []
        added.reserveCapacity(addition.events.count)
        for event in addition.events { added.append(try add(event, to: &record, time)) }
        try cleaner.giveUp(from: &record, atMost: 2 * addition.events.count + 16)
        if cleaner.isBehind(record) { isBehind = true }
        try update(record)
        channels[addition.channel] = record
        ids.append(added)
      }
      return ids
    }
  }

  /// Flushes the disk, by a commit that does.
  func flush() throws(SQLiteHistoryError) {
    try setSynced(true)
    try transaction { () throws(SQLiteHistoryError) in try addFlush.run() }
  }

  /// A step of bounded work of giving up what exceeds the retention, in all channels in turn. The disk is not waited
  /// for: what a power cut brings back is given up again.
  ///
  /// - Returns: Whether there is more to do now.
  func cleanUp() throws(SQLiteHistoryError) -> Bool {
    try setSynced(false)
    return try transaction { () throws(SQLiteHistoryError) in
      isBehind = false
      let (changed, hasMore) = try cleaner.step(now: clock())
      for record in changed { try update(record) }
      // Which of the records that are remembered these were is not known by name.
      if !changed.isEmpty { channels.removeAll() }
      return hasMore
    }
  }

  /// Copies the log into the database, if it has grown. Flushes the disk; costs some milliseconds.
  func copyLogBack() {
    let pages = connection.logPageCount
    // It began anew.
    if pages < copiedLogPages { copiedLogPages = 0 }
    guard pages >= Self.logPages.full, pages >= copiedLogPages + Self.logPages.step else { return }
    connection.copyLogBack(waiting: pages >= Self.logPages.tooMany ? .milliseconds(100) : nil)
    copiedLogPages = pages
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
      try forgetWhatOthersChanged()
      let result = try body()
      try connection.execute("COMMIT")
      return result
    } catch {
      // What was remembered may be of what is undone.
      channels.removeAll()
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  private func forgetWhatOthersChanged() throws(SQLiteHistoryError) {
    guard try readDataVersion.step() else { return }
    let version = readDataVersion.integer(0)
    readDataVersion.reset()
    if version != dataVersion || channels.count > Self.rememberedChannels { channels.removeAll() }
    dataVersion = version
  }

  private func record(of channel: ChannelName) throws(SQLiteHistoryError) -> ChannelRecord {
    if let record = channels[channel] { return record }
    try findChannel.bind(1, channel.rawValue)
    if try findChannel.step() {
      defer { findChannel.reset() }
      return ChannelRecord(
        key: findChannel.integer(0), first: findChannel.integer(1), last: findChannel.integer(2),
        bytes: findChannel.integer(3), highestForeign: findChannel.integer(4))
    }
    try addChannel.bind(1, channel.rawValue)
    try addChannel.run()
    return ChannelRecord(key: connection.lastInsertedRow)
  }

  private func update(_ record: ChannelRecord) throws(SQLiteHistoryError) {
    try updateChannel.bind(1, record.first)
    try updateChannel.bind(2, record.last)
    try updateChannel.bind(3, record.bytes)
    try updateChannel.bind(4, record.highestForeign)
    try updateChannel.bind(5, record.key)
    try updateChannel.run()
  }

  private func add(
    _ event: ServerSentEvent, to record: inout ChannelRecord, _ time: Int64
  ) throws(SQLiteHistoryError) -> EventID {
    record.last += 1
    let number = record.last
    var ownID = event.id
    if let ownID {
      if let foreign = given.number(of: ownID) { record.highestForeign = max(record.highestForeign, foreign) }
    } else if number <= record.highestForeign {
      // Whoever republishes what was read here may be ahead of the numbers.
      ownID = given.distinctID(number)
    }
    let bytes = Int64(event.data.utf8.count)
    record.bytes += bytes
    try addEvent.bind(1, record.key)
    try addEvent.bind(2, number)
    try addEvent.bind(3, time)
    try addEvent.bind(4, bytes)
    try addEvent.bind(5, event.reconnectionTime?.wholeMilliseconds)
    try addEvent.bind(6, ownID?.rawValue)
    try addEvent.bind(7, event.type?.rawValue)
    try addEvent.bind(8, event.data)
    try addEvent.run()
    return ownID ?? given.id(number)
  }
}
