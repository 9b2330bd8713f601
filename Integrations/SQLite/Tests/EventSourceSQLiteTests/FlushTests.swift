import EventSourceFormat
@testable import EventSourceSQLite
import EventSourceServer
import Testing

/// Tests when the disk is flushed, with a manual clock, and that flushes are on time whatever else the writer does.
@Suite(.timeLimit(.minutes(10))) struct FlushTests {
  private let folder = try! TemporaryFolder()
  private let start = ContinuousClock.now

  private func after(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

  @Test func everyCommitIsSyncedIfItIsToBe() {
    var schedule = FlushSchedule(.everyCommit, now: start)
    #expect(schedule.isSynced(at: start))
    schedule.committed(isSynced: true, at: start)
    #expect(!schedule.isUnflushed && schedule.next == nil)
  }

  @Test func whatIsCommittedIsFlushedWithinTheInterval() {
    var schedule = FlushSchedule(.interval(.milliseconds(100)), now: start)
    #expect(!schedule.isSynced(at: after(99)) && schedule.isSynced(at: after(100)))
    #expect(schedule.next == nil)
    schedule.committed(isSynced: false, at: after(20))
    schedule.committed(isSynced: false, at: after(90))
    #expect(schedule.next == after(100))
    schedule.flushed(at: after(105))
    #expect(schedule.next == nil && !schedule.isSynced(at: after(204)))
    schedule.committed(isSynced: true, at: after(300))
    #expect(schedule.next == nil)
    schedule.committed(isSynced: false, at: after(310))
    #expect(schedule.next == after(400))
  }

  @Test(arguments: [10, 100_000])
  func aFlushThatFailsIsTriedAgainSoon(_ interval: Int) {
    var schedule = FlushSchedule(.interval(.milliseconds(interval)), now: start)
    schedule.committed(isSynced: false, at: start)
    schedule.failed(at: after(interval))
    #expect(schedule.isUnflushed && schedule.next == after(interval + min(interval, 1000)))
    schedule.flushed(at: after(interval + 2000))
    #expect(schedule.next == nil)
  }

  @Test func anIntervalWithoutEndIsTaken() {
    var schedule = FlushSchedule(
      .interval(Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999)), now: start)
    schedule.committed(isSynced: false, at: start)
    #expect(schedule.next! > start + .seconds(1 << 29))
  }

  /// The steps of one run, until nothing is left to evict, take far longer than the interval.
  @Test func theDiskIsFlushedBetweenTheStepsOfTheRetention() async throws {
    let large = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.retention.maximumEvents = nil })
    for channel in 1...20 {
      _ = try await large.append((1...3000).map { ServerSentEvent(data: "\($0)") }, to: ChannelName("c\(channel)"))
    }
    await large.close()
    let configuration = SQLiteEventRepository.Configuration.test {
      $0.durability = .interval(.milliseconds(5))
      $0.retention.maximumEvents = 10
    }
    var run = WriterRun(try HistoryWriter(folder.file(), configuration, clock: { 1 }), configuration)
    let raw = try RawDatabase(folder.file())
    let before = try raw.number("SELECT flushes FROM history")
    // An addition that arrives when a flush is due is itself flushed.
    repeat {
      _ = run.commit([HistoryWriter.Addition(events: [ServerSentEvent(data: "x")], channel: "new")])
    } while !run.flushes.isUnflushed
    var hasMore = true
    while hasMore, try raw.number("SELECT flushes FROM history") == before { hasMore = run.tend().hasMore }
    #expect(hasMore, "the flush comes when all has been evicted")
  }

  @Test func theDiskIsFlushedAlsoWhileAnotherProcessHasTheFileLocked() throws {
    let configuration = SQLiteEventRepository.Configuration.test {
      $0.durability = .interval(.milliseconds(5))
      $0.busyTimeout = .milliseconds(50)
    }
    var run = WriterRun(try HistoryWriter(folder.file(), configuration, clock: { 1 }), configuration)
    let addition = HistoryWriter.Addition(events: [ServerSentEvent(data: "x")], channel: "a")
    let lock = try RawDatabase(folder.file())
    for isAdded in [false, true] {
      repeat { _ = run.commit([addition]) } while !run.flushes.isUnflushed
      try lock.execute("BEGIN IMMEDIATE")
      if isAdded {
        // The flush becomes due during this wait.
        let error = #expect(throws: SQLiteHistoryError.self) { try run.commit([addition])[0].get() }
        #expect(error?.code == .busy)
      } else {
        while run.flushes.isUnflushed { _ = run.tend() }
      }
      #expect(!run.flushes.isUnflushed)
      try lock.execute("ROLLBACK")
    }
    #expect(try run.commit([addition])[0].get().count == 1)
  }

  @Test func theDiskIsFlushedBeforeATransactionThatMayTakeLong() throws {
    let configuration = SQLiteEventRepository.Configuration.test { $0.durability = .interval(.seconds(3600)) }
    var run = WriterRun(try HistoryWriter(folder.file(), configuration, clock: { 1 }), configuration)
    let raw = try RawDatabase(folder.file())
    let small = ServerSentEvent(data: "x")
    for large in [
      Array(repeating: small, count: 5000), [ServerSentEvent(data: String(repeating: "x", count: 9 << 20))],
    ] {
      let before = try raw.number("SELECT flushes FROM history")
      _ = run.commit([HistoryWriter.Addition(events: [small], channel: "a")])
      #expect(try raw.number("SELECT flushes FROM history") == before)
      _ = run.commit([HistoryWriter.Addition(events: large, channel: "a")])
      #expect(try raw.number("SELECT flushes FROM history") == before + 1)
    }
  }
}
