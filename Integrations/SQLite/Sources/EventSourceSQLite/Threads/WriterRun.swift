internal import EventSourceFormat

/// Decides what the writer does and when: commits, disk flushes, checkpoints and evictions. Confined to one thread at a
/// time.
struct WriterRun {
  /// The minimum and maximum interval between searches for old events.
  private static let sweepEvery: ClosedRange<Duration> = .milliseconds(50)...(.seconds(60))

  private let writer: HistoryWriter
  private let sweepInterval: Duration?
  private(set) var flushes: FlushSchedule
  /// `nil` means never again.
  private var nextSweep: ContinuousClock.Instant? = .now

  init(_ writer: HistoryWriter, _ configuration: SQLiteEventRepository.Configuration) {
    self.writer = writer
    flushes = FlushSchedule(configuration.durability)
    sweepInterval = configuration.retention.maximumAge.map {
      min(max($0 / 8, Self.sweepEvery.lowerBound), Self.sweepEvery.upperBound)
    }
  }

  /// Commits additions. One that fails does not affect the others.
  mutating func commit(_ additions: [HistoryWriter.Addition]) -> [Result<[EventID], SQLiteHistoryError>] {
    // A long transaction would delay a flush that becomes due during it.
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

  /// Does the maintenance that is due. The flush comes first, and everything else runs in short steps, so that flushes
  /// are on time. Failures are reported to publishers and retried later.
  ///
  /// - Returns: Whether there is more to do now, and otherwise when to run again.
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

  /// Whether there are more additions than one commit usually has.
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
