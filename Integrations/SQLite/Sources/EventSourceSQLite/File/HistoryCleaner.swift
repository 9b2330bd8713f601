/// Evicts events beyond the retention limits, in steps of bounded work, within the writer's transactions.
struct HistoryCleaner {
  /// The maximum events evicted and channels visited in one step.
  private static let eventsPerStep = 1_000
  private static let channelsPerStep: Int64 = 64
  /// The maximum free pages returned to the file system in one step.
  private static let pagesPerStep: Int64 = 256

  private let retention: SQLiteEventRepository.Retention
  private let maximumAge: Int64?
  private let connection: Connection
  private let oldest: Statement
  private let givingSession: Statement
  private let remove: Statement
  private let nextChannels: Statement
  /// The next step continues after this channel.
  private var lastChannel: Int64 = 0

  init(_ retention: SQLiteEventRepository.Retention, on connection: Connection) throws(SQLiteHistoryError) {
    self.retention = retention
    self.connection = connection
    maximumAge = retention.maximumAge?.wholeMilliseconds
    oldest = try Statement(
      "SELECT number, bytes, time FROM event WHERE channel = ? ORDER BY number LIMIT ?", on: connection)
    givingSession = try Statement(
      "SELECT session FROM event WHERE channel = ? AND number = ? AND own_id IS NULL", on: connection)
    remove = try Statement("DELETE FROM event WHERE channel = ? AND number <= ?", on: connection)
    nextChannels = try Statement(
      """
      SELECT \(ChannelRecord.columns) FROM channel WHERE id > ? AND last >= first ORDER BY id LIMIT ?
      """, on: connection)
  }

  /// Evicts the oldest events of a channel that is clearly over its limits.
  func evict(from record: inout ChannelRecord, atMost events: Int) throws(SQLiteHistoryError) {
    guard exceeds(record, slack: true) else { return }
    _ = try evict(from: &record, atMost: events, before: nil)
  }

  /// Whether more events than that remain to be evicted.
  func isBehind(_ record: ChannelRecord) -> Bool { exceeds(record, slack: true) }

  /// Continues through the channels.
  ///
  /// - Returns: The changed records, and whether there is more to do now.
  mutating func step(now: Int64) throws(SQLiteHistoryError) -> (changed: [ChannelRecord], hasMore: Bool) {
    let records = try channels(after: lastChannel)
    var changed: [ChannelRecord] = []
    var rest = Self.eventsPerStep
    for var record in records {
      if exceeds(record, slack: false) || maximumAge != nil {
        let count = try evict(from: &record, atMost: rest, before: maximumAge.map { time(before: now, by: $0) })
        if count > 0 { changed.append(record) }
        rest -= count
      }
      // The next step continues with the same channel.
      guard rest > 0 else { return (changed, true) }
      lastChannel = record.key
    }
    guard records.count < Self.channelsPerStep else { return (changed, true) }
    lastChannel = 0
    return (changed, try giveBackPages())
  }

  /// Returns excess free pages to the file system; additions reuse the rest.
  ///
  /// - Returns: Whether there are more to return.
  private func giveBackPages() throws(SQLiteHistoryError) -> Bool {
    let free = try connection.integer("PRAGMA freelist_count")
    let excess = try free - max(1_024, connection.integer("PRAGMA page_count") / 4)
    guard excess > 0 else { return false }
    try connection.execute("PRAGMA incremental_vacuum(\(min(excess, Self.pagesPerStep)))")
    return excess > Self.pagesPerStep
  }

  private func channels(after key: Int64) throws(SQLiteHistoryError) -> [ChannelRecord] {
    try nextChannels.bind(1, key)
    try nextChannels.bind(2, Self.channelsPerStep)
    defer { nextChannels.reset() }
    var records: [ChannelRecord] = []
    while try nextChannels.step() { records.append(try ChannelRecord(row: nextChannels, path: connection.path)) }
    return records
  }

  /// Whether a channel exceeds its limits or, with slack, exceeds them by so much that evicting is worth its cost.
  private func exceeds(_ record: ChannelRecord, slack: Bool) -> Bool {
    func limit(_ maximum: Int) -> Int64 {
      Int64(clamping: slack ? UInt64(maximum) + UInt64(maximum / 8) : UInt64(maximum))
    }
    guard record.count > 1 else { return false }
    return retention.maximumEvents.map { record.count > limit($0) } ?? false
      || retention.maximumBytes.map { record.bytes > limit($0) } ?? false
  }

  /// Evicts a channel's oldest events that exceed a limit or are older than a time.
  ///
  /// - Returns: The number of events evicted.
  private func evict(
    from record: inout ChannelRecord, atMost events: Int, before time: Int64?
  ) throws(SQLiteHistoryError) -> Int {
    try oldest.bind(1, record.key)
    try oldest.bind(2, Int64(events))
    var count = 0
    do {
      defer { oldest.reset() }
      while try oldest.step(), exceeds(record, slack: false) || time.map({ oldest.integer(2) < $0 }) ?? false {
        // A damaged row may hold any value.
        record.first = oldest.integer(0) &+ 1
        record.bytes &-= oldest.integer(1)
        count += 1
      }
    }
    guard count > 0 else { return 0 }
    guard record.isSound else {
      throw SQLiteHistoryError(
        .damaged, path: connection.path, "an event of channel row \(record.key) has wrong numbers")
    }
    record.evictedSession = try session(of: record.first - 1, in: record)
    try remove.bind(1, record.key)
    try remove.bind(2, record.first - 1)
    try remove.run()
    return count
  }

  /// Returns the session that generated an event's ID, or `nil` if the event had an ID of its own.
  private func session(of number: Int64, in record: ChannelRecord) throws(SQLiteHistoryError) -> Int64? {
    try givingSession.bind(1, record.key)
    try givingSession.bind(2, number)
    defer { givingSession.reset() }
    return try givingSession.step() ? givingSession.integer(0) : nil
  }

  private func time(before now: Int64, by age: Int64) -> Int64 {
    let (time, hasOverflown) = now.subtractingReportingOverflow(age)
    return hasOverflown ? .min : time
  }
}
