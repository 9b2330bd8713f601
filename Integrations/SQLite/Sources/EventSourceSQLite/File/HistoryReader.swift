internal import EventSourceFormat
internal import EventSourceServer

/// Answers from a history, over a connection of its own. Used by one thread at a time.
final class HistoryReader {
  private let connection: Connection
  private let given: GivenID
  private let begin: Statement
  private let end: Statement
  private let channel: Statement
  private let newestWithID: Statement
  private let hasGivenID: Statement
  private let events: Statement

  init(_ path: String, busyTimeout: Duration) throws(SQLiteHistoryError) {
    connection = try HistoryFile.openToRead(path, busyTimeout: busyTimeout)
    given = GivenID(epoch: try connection.text("SELECT epoch FROM history") ?? "")
    begin = try Statement("BEGIN", on: connection)
    end = try Statement("COMMIT", on: connection)
    channel = try Statement("SELECT id, first, last FROM channel WHERE name = ?", on: connection)
    newestWithID = try Statement("SELECT max(number) FROM event WHERE channel = ? AND own_id = ?", on: connection)
    hasGivenID = try Statement("SELECT own_id IS NULL FROM event WHERE channel = ? AND number = ?", on: connection)
    events = try Statement(
      """
      SELECT number, bytes, reconnection, own_id, type, data FROM event WHERE channel = ? AND number >= ?
      ORDER BY number LIMIT ?
      """, on: connection)
  }

  /// The answer, from one moment of the history.
  ///
  /// - Parameter isCanceled: Asked for each event; the answer is then cut short, because nobody wants it.
  func answer(_ request: ReplayRequest, isCanceled: () -> Bool) throws(SQLiteHistoryError) -> ReplayAnswer {
    try begin.run()
    do {
      let answer = try find(request, isCanceled)
      try end.run()
      return answer
    } catch {
      channel.reset()
      events.reset()
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  private func find(_ request: ReplayRequest, _ isCanceled: () -> Bool) throws(SQLiteHistoryError) -> ReplayAnswer {
    try channel.bind(1, request.channel.rawValue)
    guard try channel.step() else { return request.lastEventID == nil ? .contiguous([]) : .unknownID }
    let record = ChannelRecord(key: channel.integer(0), first: channel.integer(1), last: channel.integer(2))
    channel.reset()
    guard let id = request.lastEventID else {
      return .contiguous(try events(of: record, from: record.first, request, isCanceled))
    }
    guard let number = try number(of: id, in: record) else { return .unknownID }
    // Of the events after one that is gone itself none is missing, if the next is there.
    guard number >= record.first - 1 else {
      return .gap(try events(of: record, from: record.first, request, isCanceled))
    }
    return .contiguous(try events(of: record, from: number + 1, request, isCanceled))
  }

  /// The number of the event that an ID means: the newest that brought it along, or the one that was given it.
  private func number(of id: EventID, in record: ChannelRecord) throws(SQLiteHistoryError) -> Int64? {
    try newestWithID.bind(1, record.key)
    try newestWithID.bind(2, id.rawValue)
    let number = try newestWithID.step() ? newestWithID.optionalInteger(0) : nil
    newestWithID.reset()
    if let number { return number }
    guard let number = given.number(of: id), number <= record.last else { return nil }
    guard number >= record.first else { return number }
    // An event that brought an ID along was given none.
    try hasGivenID.bind(1, record.key)
    try hasGivenID.bind(2, number)
    defer { hasGivenID.reset() }
    return try hasGivenID.step() && hasGivenID.integer(0) == 1 ? number : nil
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

  /// The event in the current row.
  private func event() throws(SQLiteHistoryError) -> ServerSentEvent {
    do {
      return ServerSentEvent(
        data: events.text(5) ?? "", type: try events.text(4).map { try EventType($0) },
        id: try events.text(3).map { try EventID($0) } ?? given.id(events.integer(0)),
        reconnectionTime: events.optionalInteger(2).map { .milliseconds($0) })
    } catch {
      throw SQLiteHistoryError(.damaged, path: connection.path, "event \(events.integer(0)) of a channel: \(error)")
    }
  }
}
