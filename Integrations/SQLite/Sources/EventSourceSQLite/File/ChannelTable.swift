internal import EventSourceServer

/// The channels' rows, as the writer sees them. Used by one thread at a time.
///
/// Another process may write the same file in turn: what is remembered of the rows is dropped when one did.
final class ChannelTable {
  /// Rows remembered; a channel more, and they are read again when they are needed.
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

  /// The row of a channel, which is made if there is none.
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

  /// Writes a row, and remembers it if the channel's name is given.
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

  /// Forgets the rows: they may have changed, or be of a transaction that is undone.
  func forget() { remembered.removeAll() }

  /// Forgets the rows if another process has written the file. Called at the begin of a transaction.
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
