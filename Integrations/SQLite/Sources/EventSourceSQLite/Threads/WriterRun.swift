internal import EventSourceFormat

/// What a run of the writer does, and when: commits, flushes of the disk, copying the log back, evictions. Used by one
/// thread at a time.
struct WriterRun {
  /// How often old events are looked for, at least and at most.
  private static let sweepEvery: ClosedRange<Duration> = .milliseconds(50)...(.seconds(60))

  private let writer: HistoryWriter
  private let sweepInterval: Duration?
  private(set) var flushes: FlushSchedule
  /// nil: never again.
  private var nextSweep: ContinuousClock.Instant? = .now

  init(_ writer: HistoryWriter, _ configuration: SQLiteEventRepository.Configuration) {
    self.writer = writer
    flushes = FlushSchedule(configuration.durability)
    sweepInterval = configuration.retention.maximumAge.map {
      min(max($0 / 8, Self.sweepEvery.lowerBound), Self.sweepEvery.upperBound)
    }
  }

  /// Commits additions, which fail each by itself.
  mutating func commit(_ additions: [HistoryWriter.Addition]) -> [Result<[EventID], SQLiteHistoryError>] {
    // A transaction that may take long would make a flush late that comes due meanwhile.
    if flushes.isUnflushed, isLarge(additions) { flush() }
    let isSynced = flushes.isSynced(at: .now)
    writer.flushDue = flushes.next
    let results = writer.commit(additions[...], isSynced: isSynced)
    noteFlushOfLog()
    let isAnyCommitted = results.contains { if case .success = $0 { true } else { false } }
    if isAnyCommitted { flushes.committed(isSynced: isSynced, at: .now) }
    if writer.isBehind { nextSweep = .now }
    return results
  }

  /// What is due besides what was added. The flush comes first, and all else is done in short steps, so that it is not
  /// late. What fails here is tried again later; those who publish meanwhile are told.
  ///
  /// - Returns: Whether there is more to do now, and otherwise when to come back.
  mutating func tend() -> (hasMore: Bool, wakeUp: ContinuousClock.Instant?) {
    if let due = flushes.next, due <= .now || writer.isLogTooLong { flush() }
    writer.copyLogBack()
    if let sweep = nextSweep, sweep <= .now {
      writer.flushDue = flushes.next
      defer { noteFlushOfLog() }
      do {
        if try writer.cleanUp() { return (true, nil) }
        nextSweep = sweepInterval.map { .now + $0 }
      } catch {
        nextSweep = .now + Self.sweepEvery.upperBound
      }
    }
    return (false, [flushes.next, nextSweep].compactMap { $0 }.min())
  }

  /// Flushes the disk before the file is closed.
  mutating func flushForTheLastTime() { if flushes.isUnflushed { flush() } }

  /// Whether additions are more than is usually committed together.
  private func isLarge(_ additions: [HistoryWriter.Addition]) -> Bool {
    additions.reduce(0) { $0 + $1.events.count } > WaitingAdditions.groupEvents
      || additions.reduce(0) { $0 + $1.bytes } > WaitingAdditions.groupBytes
  }

  private mutating func flush() {
    do {
      try writer.flush()
      flushes.flushed(at: .now)
    } catch {
      flushes.failed(at: .now)
      noteFlushOfLog()
    }
  }

  private mutating func noteFlushOfLog() {
    if let moment = writer.takeFlushOfLog() { flushes.flushed(at: moment) }
  }
}
