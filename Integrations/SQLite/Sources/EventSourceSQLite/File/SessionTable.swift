/// The sessions in which a history was written, and the one of this writer. Used by one thread at a time.
final class SessionTable {
  /// The row and the epoch of this writer's session.
  struct Session {
    let key: Int64
    let epoch: String
  }

  /// Epochs remembered; a session more, and they are read again when they are needed.
  private static let rememberedEpochs = 1_000

  private let connection: Connection
  private let find: Statement
  private let findEpoch: Statement
  /// A row that has been committed never changes.
  private var epochs: [Int64: String] = [:]
  private let add: Statement
  /// nil: nothing has been committed yet, and the file knows nothing of this session.
  private var current: Session?
  /// A row that is made in the transaction under way.
  private var uncommitted: Session?

  init(on connection: Connection) throws(SQLiteHistoryError) {
    self.connection = connection
    find = try Statement("SELECT id FROM session WHERE epoch = ?", on: connection)
    findEpoch = try Statement("SELECT epoch FROM session WHERE id = ?", on: connection)
    add = try Statement("INSERT INTO session (epoch) VALUES (?)", on: connection)
  }

  /// This writer's session. The first transaction makes its row.
  func session() throws(SQLiteHistoryError) -> Session {
    if let session = current ?? uncommitted { return session }
    let epoch = GivenID.makeEpoch()
    try add.bind(1, epoch)
    try add.run()
    let session = Session(key: connection.lastInsertedRow, epoch: epoch)
    uncommitted = session
    return session
  }

  /// The transaction under way has been committed, or undone.
  func transactionEnded(isCommitted: Bool) {
    if isCommitted { current = current ?? uncommitted }
    uncommitted = nil
  }

  /// The row of the session with this epoch; nil: there was none.
  func key(of epoch: String) throws(SQLiteHistoryError) -> Int64? {
    try find.bind(1, epoch)
    defer { find.reset() }
    return try find.step() ? find.integer(0) : nil
  }

  /// The epoch of a session; nil: there is no such row.
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
