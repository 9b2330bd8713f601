import Dispatch
import Synchronization

internal import EventSourceFormat
internal import EventSourceServer

/// Group commit: additions that arrive while a transaction is being committed make up the next one, whatever their
/// channels. All work with the file is done on one serial queue, in runs that end when there is nothing left to do.
final class CommitQueue: Sendable {
  /// The most that one transaction has, so that none takes long.
  private static let groupEvents = 4_096
  private static let groupBytes = 8 << 20
  /// How often old events are looked for, at least and at most.
  private static let sweepEvery: ClosedRange<Duration> = .milliseconds(50)...(.seconds(60))

  private struct Waiting {
    let addition: HistoryWriter.Addition
    let bytes: Int
    let committed: CheckedContinuation<[EventID], any Error>
  }

  private struct State {
    var waiting: [Waiting] = []
    /// A run is under way, or about to be, and will see to what is waiting.
    var isRunning = false
    var isClosed = false
    /// When the next run begins by itself.
    var wakeUp: ContinuousClock.Instant?
  }

  /// What only runs know.
  private struct Schedule {
    var lastFlush = ContinuousClock.now
    /// Something was committed after the last flush.
    var isUnflushed = false
    /// nil: never again.
    var nextSweep: ContinuousClock.Instant? = .now

    mutating func committed(isSynced: Bool) {
      isUnflushed = !isSynced
      if isSynced { lastFlush = .now }
    }
  }

  private let path: String
  private let durability: SQLiteEventRepository.Durability
  private let sweepInterval: Duration?
  private let queue = DispatchQueue(label: "eventsource.sqlite.writer")
  private let state = Mutex(State())
  /// Held by the queue's thread while a run works with the file; nil: closed. Lock order: this one, then `state`.
  private let file: Mutex<(writer: HistoryWriter, schedule: Schedule)?>

  init(
    _ path: String, _ configuration: SQLiteEventRepository.Configuration, clock: @escaping @Sendable () -> Int64
  ) throws(SQLiteHistoryError) {
    self.path = path
    durability = configuration.durability
    sweepInterval = configuration.retention.maximumAge.map {
      min(max($0 / 8, Self.sweepEvery.lowerBound), Self.sweepEvery.upperBound)
    }
    file = Mutex((try HistoryWriter(path, configuration, clock: clock), Schedule()))
    wake(at: .now)
  }

  /// Adds events, and returns when they are committed.
  func add(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    let bytes = events.reduce(0) { $0 + $1.data.utf8.count }
    return try await withCheckedThrowingContinuation { committed in
      let waiting = Waiting(
        addition: HistoryWriter.Addition(events: events, channel: channel), bytes: bytes, committed: committed)
      let (isClosed, isFirst) = state.withLock { state in
        if !state.isClosed { state.waiting.append(waiting) }
        defer { state.isRunning = state.isRunning || !state.isClosed }
        return (state.isClosed, !state.isRunning)
      }
      if isClosed {
        committed.resume(throwing: SQLiteHistoryError.closed(path))
      } else if isFirst {
        queue.async { self.run() }
      }
    }
  }

  /// Commits what is waiting, and closes the file.
  func close() async {
    state.withLock { $0.isClosed = true }
    await withCheckedContinuation { closed in
      queue.async {
        self.run()
        // Closing copies the log into the database: done here, where it holds up nobody.
        self.file.withLock { file in
          if let schedule = file?.schedule, schedule.isUnflushed { try? file?.writer.flush() }
          file = nil
        }
        closed.resume()
      }
    }
  }

  /// On the queue's thread.
  private func run() {
    while true {
      let group = nextGroup()
      if !group.isEmpty { commit(group) }
      let (hasMore, wakeUp) = file.withLock { file in tend(&file) }
      if !group.isEmpty || hasMore { continue }
      let isDone = state.withLock { state in
        if state.waiting.isEmpty { state.isRunning = false }
        return state.waiting.isEmpty
      }
      guard isDone else { continue }
      if let wakeUp { wake(at: wakeUp) }
      return
    }
  }

  private func nextGroup() -> [Waiting] {
    state.withLock { state in
      var events = 0
      var bytes = 0
      let group = state.waiting.prefix { waiting in
        defer {
          events += waiting.addition.events.count
          bytes += waiting.bytes
        }
        return events < Self.groupEvents && bytes < Self.groupBytes
      }
      state.waiting.removeFirst(group.count)
      return Array(group)
    }
  }

  private func commit(_ group: [Waiting]) {
    let result = file.withLock { file -> Result<[[EventID]], SQLiteHistoryError> in
      guard let writer = file?.writer, let schedule = file?.schedule else { return .failure(.closed(path)) }
      let isSynced = isFlushDue(schedule)
      do throws(SQLiteHistoryError) {
        let ids = try writer.commit(group.map(\.addition), isSynced: isSynced)
        file?.schedule.committed(isSynced: isSynced)
        if writer.isBehind { file?.schedule.nextSweep = .now }
        return .success(ids)
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let ids): for (ids, waiting) in zip(ids, group) { waiting.committed.resume(returning: ids) }
    case .failure(let error): for waiting in group { waiting.committed.resume(throwing: error) }
    }
  }

  private func isFlushDue(_ schedule: Schedule) -> Bool {
    switch durability {
    case .everyCommit: true
    case .interval(let interval): .now - schedule.lastFlush >= interval
    }
  }

  /// What is due besides what was added: to copy the log back, one step of cleaning up, a flush. What fails here is
  /// tried again later; who publishes meanwhile is told.
  ///
  /// - Returns: Whether there is more to do now, and otherwise when to come back.
  private func tend(
    _ file: inout (writer: HistoryWriter, schedule: Schedule)?
  ) -> (hasMore: Bool, wakeUp: ContinuousClock.Instant?) {
    guard let writer = file?.writer, var schedule = file?.schedule else { return (false, nil) }
    defer { file?.schedule = schedule }
    writer.copyLogBack()
    if let nextSweep = schedule.nextSweep, nextSweep <= .now {
      do {
        let hasMore = try writer.cleanUp()
        if hasMore { return (true, nil) }
        schedule.nextSweep = sweepInterval.map { .now + $0 }
      } catch {
        schedule.nextSweep = .now + Self.sweepEvery.upperBound
      }
    }
    guard case .interval(let interval) = durability, schedule.isUnflushed else { return (false, schedule.nextSweep) }
    if isFlushDue(schedule) {
      do {
        try writer.flush()
        schedule.committed(isSynced: true)
        return (false, schedule.nextSweep)
      } catch {
        schedule.lastFlush = .now
      }
    }
    let nextFlush = schedule.lastFlush + interval
    return (false, schedule.nextSweep.map { min($0, nextFlush) } ?? nextFlush)
  }

  /// Begins a run at a time, unless one begins before.
  private func wake(at time: ContinuousClock.Instant) {
    let isFirst = state.withLock { state in
      guard !state.isClosed, state.wakeUp.map({ time < $0 }) ?? true else { return false }
      state.wakeUp = time
      return true
    }
    guard isFirst else { return }
    let nanoseconds = (time - .now) / .nanoseconds(1)
    queue.asyncAfter(deadline: .now() + .nanoseconds(Int(max(0, min(nanoseconds, 1e18))))) { [weak self] in
      self?.awake(at: time)
    }
  }

  private func awake(at time: ContinuousClock.Instant) {
    let begins = state.withLock { state in
      if state.wakeUp == time { state.wakeUp = nil }
      // A run that is under way looks for itself at what is due.
      defer { state.isRunning = state.isRunning || !state.isClosed }
      return !state.isRunning && !state.isClosed
    }
    if begins { run() }
  }
}
