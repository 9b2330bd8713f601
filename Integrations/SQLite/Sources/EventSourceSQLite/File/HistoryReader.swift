internal import EventSourceFormat
internal import EventSourceServer

/// Reads a history over its own connection. Confined to one thread at a time.
final class HistoryReader {
  private let connection: Connection
  private let begin: Statement
  private let end: Statement
  private let channel: Statement
  private let newestWithID: Statement
  private let sessions: SessionTable
  private let givingSession: Statement
  private let events: Statement

  init(_ path: String, busyTimeout: Duration) throws(SQLiteHistoryError) {
    connection = try HistoryFile.openToRead(path, busyTimeout: busyTimeout)
    begin = try Statement("BEGIN", on: connection)
    end = try Statement("COMMIT", on: connection)
    sessions = try SessionTable(on: connection)
    channel = try Statement("SELECT \(ChannelRecord.columns) FROM channel WHERE name = ?", on: connection)
    newestWithID = try Statement("SELECT max(number) FROM event WHERE channel = ? AND own_id = ?", on: connection)
    givingSession = try Statement(
      "SELECT session FROM event WHERE channel = ? AND number = ? AND own_id IS NULL", on: connection)
    events = try Statement(
      """
      SELECT number, bytes, reconnection, own_id, type, data, session FROM event WHERE channel = ? AND number >= ?
      ORDER BY number LIMIT ?
      """, on: connection)
  }

  /// Returns the answer, from one snapshot of the history.
  ///
  /// - Parameters:
  ///   - subject: What to read.
  ///   - isCanceled: Checked for each event. When it returns `true`, reading stops early.
  func answer(
    _ request: ReplayRequest, about subject: PendingQuestion.Subject, isCanceled: () -> Bool
  ) throws(SQLiteHistoryError) -> ReplayResult {
    try begin.run()
    do {
      let answer =
        switch subject {
        case .events: try find(request, isCanceled)
        case .newest: try findNewest(request)
        case .completeness: try record(of: request.channel)?.first ?? 1 == 1 ? ReplayResult.contiguous([]) : .gap([])
        }
      try end.run()
      return answer
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  private func find(_ request: ReplayRequest, _ isCanceled: () -> Bool) throws(SQLiteHistoryError) -> ReplayResult {
    guard let record = try record(of: request.channel) else {
      return request.lastEventID == nil ? .contiguous([]) : .unknownID
    }
    let place: Place? = if let id = request.lastEventID { try self.place(of: id, in: record) } else { .earliest }
    switch place {
    case nil: return .unknownID
    case .earliest: return .contiguous(try events(of: record, from: record.first, request, isCanceled))
    case .held(let number): return .contiguous(try events(of: record, from: number + 1, request, isCanceled))
    case .evicted: return .gap(try events(of: record, from: record.first, request, isCanceled))
    }
  }

  private func findNewest(_ request: ReplayRequest) throws(SQLiteHistoryError) -> ReplayResult {
    guard let record = try record(of: request.channel) else { return .contiguous([]) }
    return .contiguous(try events(of: record, from: record.last, request) { false })
  }

  private func record(of name: ChannelName) throws(SQLiteHistoryError) -> ChannelRecord? {
    try channel.bind(1, name.rawValue)
    defer { channel.reset() }
    return try channel.step() ? ChannelRecord(row: channel, path: connection.path) : nil
  }

  /// The location of the event with an ID.
  private enum Place {
    /// Stored, with this number.
    case held(Int64)
    /// Directly before the earliest stored event, so nothing is missing.
    case earliest
    /// Evicted, and later events were also evicted.
    case evicted
  }

  /// Returns the location of the event with an ID: the newest that was published with it, or the one for which it was
  /// generated. `nil` if there is none.
  private func place(of id: EventID, in record: ChannelRecord) throws(SQLiteHistoryError) -> Place? {
    if let number = try newestNumber(of: id, in: record) { return .held(number) }
    guard let given = GivenID(parsing: id), given.number <= record.last,
      let session = try sessions.key(of: given.epoch)
    else { return nil }
    if given.number < record.first {
      return given.number == record.first - 1 && session == record.evictedSession ? .earliest : .evicted
    }
    try givingSession.bind(1, record.key)
    try givingSession.bind(2, given.number)
    defer { givingSession.reset() }
    // Another session may have used this number for another event, if a copy of the file was written elsewhere.
    return try givingSession.step() && givingSession.integer(0) == session ? .held(given.number) : nil
  }

  private func newestNumber(of id: EventID, in record: ChannelRecord) throws(SQLiteHistoryError) -> Int64? {
    try newestWithID.bind(1, record.key)
    try newestWithID.bind(2, id.rawValue)
    defer { newestWithID.reset() }
    return try newestWithID.step() ? newestWithID.optionalInteger(0) : nil
  }

  private func events(
    of record: ChannelRecord, from number: Int64, _ request: ReplayRequest, _ isCanceled: () -> Bool
  ) throws(SQLiteHistoryError) -> [ServerSentEvent] {
    try events.bind(1, record.key)
    try events.bind(2, number)
    try events.bind(3, Int64(max(1, request.maximumEvents)))
    defer { events.reset() }
    var found: [ServerSentEvent] = []
    var bytes: Int64 = 0
    while found.isEmpty || bytes < request.maximumBytes, !isCanceled(), try events.step() {
      found.append(try event())
      bytes += events.integer(1)
    }
    return found
  }

  /// Returns the event in the current row.
  private func event() throws(SQLiteHistoryError) -> ServerSentEvent {
    let time = events.optionalInteger(2)
    guard time ?? 0 >= 0 else { throw damage("its reconnection time is negative") }
    let id: EventID
    let type: EventType?
    do {
      id = try events.text(3).map { try EventID($0) } ?? givenID()
      type = try events.text(4).map { try EventType($0) }
    } catch {
      throw error as? SQLiteHistoryError ?? damage("\(error)")
    }
    return ServerSentEvent(
      data: events.text(5) ?? "", type: type, id: id, reconnectionTime: time.map { .milliseconds($0) })
  }

  private func givenID() throws(SQLiteHistoryError) -> EventID {
    guard let epoch = try sessions.epoch(of: events.integer(6)) else { throw damage("its session is missing") }
    return GivenID(epoch: epoch, number: events.integer(0)).id
  }

  private func damage(_ what: String) -> SQLiteHistoryError {
    SQLiteHistoryError(.damaged, path: connection.path, "event \(events.integer(0)) of a channel: \(what)")
  }
}
