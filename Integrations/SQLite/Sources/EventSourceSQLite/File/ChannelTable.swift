internal import EventSourceServer

/// The writer's view of the channels' rows. Confined to one thread at a time.
///
/// Another process may also write the file. When it has, the cached rows are discarded.
final class ChannelTable {
  /// The maximum number of cached rows. Beyond it the cache is cleared.
  private static let rememberedChannels = 20_000

  private let connection: Connection
  private var remembered: [ChannelName: ChannelRecord] = [:]
  private var dataVersion: Int64 = 0
  private let readDataVersion: Statement
  private let find: Statement
  private let add: Statement
  private let change: Statement

  init(on connection: Connection) throws(SQLiteHistoryError) {
    self.connection = connection
    readDataVersion = try Statement("PRAGMA data_version", on: connection)
    find = try Statement("SELECT \(ChannelRecord.columns) FROM channel WHERE name = ?", on: connection)
    add = try Statement(
      "INSERT INTO channel (name, first, last, bytes, highest_foreign) VALUES (?, 1, 0, 0, 0)", on: connection)
    change = try Statement(
      """
      UPDATE channel SET first = ?, last = ?, bytes = ?, highest_foreign = ?, evicted_session = ? WHERE id = ?
      """, on: connection)
  }

  /// Returns a channel's row, and inserts it if there is none.
  func record(of channel: ChannelName) throws(SQLiteHistoryError) -> ChannelRecord {
    if let record = remembered[channel] { return record }
    try find.bind(1, channel.rawValue)
    if try find.step() {
      defer { find.reset() }
      return try ChannelRecord(row: find, path: connection.path)
    }
    try add.bind(1, channel.rawValue)
    try add.run()
    return ChannelRecord(key: connection.lastInsertedRow)
  }

  /// Writes a row, and caches it if the channel's name is given.
  func update(_ record: ChannelRecord, of channel: ChannelName? = nil) throws(SQLiteHistoryError) {
    try change.bind(1, record.first)
    try change.bind(2, record.last)
    try change.bind(3, record.bytes)
    try change.bind(4, record.highestForeign)
    try change.bind(5, record.evictedSession)
    try change.bind(6, record.key)
    try change.run()
    if let channel { remembered[channel] = record }
  }

  /// Clears the cache, whose rows may have changed or belong to a transaction that is rolled back.
  func forget() { remembered.removeAll() }

  /// Clears the cache if another process has written the file. Call it at the beginning of a transaction.
  func forgetWhatOthersChanged() throws(SQLiteHistoryError) {
    guard try readDataVersion.step() else { return }
    let version = readDataVersion.integer(0)
    readDataVersion.reset()
    if version != dataVersion || remembered.count > Self.rememberedChannels { forget() }
    dataVersion = version
  }
}

extension ChannelRecord {
  /// The columns that ``init(row:path:)`` reads, in this order.
  static let columns = "id, first, last, bytes, highest_foreign, evicted_session"

  /// Reads the current row of a statement.
  init(row: Statement, path: String) throws(SQLiteHistoryError) {
    self.init(
      key: row.integer(0), first: row.integer(1), last: row.integer(2), bytes: row.integer(3),
      highestForeign: row.integer(4), evictedSession: row.optionalInteger(5))
    guard isSound else {
      throw SQLiteHistoryError(.damaged, path: path, "the numbers of channel row \(key) contradict each other")
    }
  }
}
