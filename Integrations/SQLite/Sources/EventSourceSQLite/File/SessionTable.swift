/// The sessions in which the history was written, including this writer's. Confined to one thread at a time.
final class SessionTable {
  /// The row and the epoch of this writer's session.
  struct Session {
    let key: Int64
    let epoch: String
  }

  /// The maximum number of cached epochs. Beyond it the cache is cleared.
  private static let rememberedEpochs = 1_000

  private let connection: Connection
  private let find: Statement
  private let findEpoch: Statement
  /// Committed rows never change, so they can be cached.
  private var epochs: [Int64: String] = [:]
  private let add: Statement
  /// `nil` until this session's row is committed.
  private var current: Session?
  /// The row that the current transaction has inserted.
  private var uncommitted: Session?

  init(on connection: Connection) throws(SQLiteHistoryError) {
    self.connection = connection
    find = try Statement("SELECT id FROM session WHERE epoch = ?", on: connection)
    findEpoch = try Statement("SELECT epoch FROM session WHERE id = ?", on: connection)
    add = try Statement("INSERT INTO session (epoch) VALUES (?)", on: connection)
  }

  /// Returns this writer's session. The first transaction inserts its row.
  func session() throws(SQLiteHistoryError) -> Session {
    if let session = current ?? uncommitted { return session }
    let epoch = GivenID.makeEpoch()
    try add.bind(1, epoch)
    try add.run()
    let session = Session(key: connection.lastInsertedRow, epoch: epoch)
    uncommitted = session
    return session
  }

  /// Handles the end of the current transaction, a commit or a rollback.
  func transactionEnded(isCommitted: Bool) {
    if isCommitted { current = current ?? uncommitted }
    uncommitted = nil
  }

  /// Returns the row of the session with this epoch, or `nil` if there is none.
  func key(of epoch: String) throws(SQLiteHistoryError) -> Int64? {
    try find.bind(1, epoch)
    defer { find.reset() }
    return try find.step() ? find.integer(0) : nil
  }

  /// Returns the epoch of a session, or `nil` if there is no such row.
  func epoch(of key: Int64) throws(SQLiteHistoryError) -> String? {
    if let epoch = epochs[key] { return epoch }
    try findEpoch.bind(1, key)
    defer { findEpoch.reset() }
    guard try findEpoch.step(), let epoch = findEpoch.text(0) else { return nil }
    if epochs.count >= Self.rememberedEpochs { epochs.removeAll() }
    epochs[key] = epoch
    return epoch
  }
}
