import Dispatch
import Synchronization

internal import EventSourceFormat
internal import EventSourceServer

/// Group commit: additions that arrive during a commit form the next transaction, whatever their channels. All file
/// access happens on one serial queue, in runs that end when nothing is left to do.
///
/// A second queue enforces deadlines, even while a file system call hangs.
final class CommitQueue: Sendable {
  private struct State {
    var additions: WaitingAdditions
    /// Whether a run is active or scheduled, which will handle the waiting additions.
    var isRunning = false
    var isClosed = false
    /// The time at which the next run starts by itself.
    var wakeUp: ContinuousClock.Instant?
    /// Whether a deadline check is scheduled.
    var isWatched = false
  }

  private let path: String
  private let timeLimit: Duration
  private let queue = DispatchQueue(label: "eventsource.sqlite.writer")
  private let deadlines = DispatchQueue(label: "eventsource.sqlite.deadlines")
  private let state: Mutex<State>
  /// Locked by the queue's thread while a run uses the file. `nil` once closed. Lock order: this one, then `state`,
  /// then those of the additions.
  private let file: Mutex<WriterRun?>

  init(
    _ path: String, _ configuration: SQLiteEventRepository.Configuration, clock: @escaping @Sendable () -> Int64
  ) throws(SQLiteHistoryError) {
    self.path = path
    timeLimit = configuration.additionTimeout.asTimeLimit
    state = Mutex(State(additions: WaitingAdditions(maximumBytes: configuration.maximumWaitingBytes)))
    file = Mutex(WriterRun(try HistoryWriter(path, configuration, clock: clock), configuration))
  }

  /// Starts periodic maintenance.
  func start() { wake(at: .now) }

  /// The memory of the additions that are waiting or being committed.
  var waitingBytes: Int { state.withLock { $0.additions.bytes } }

  /// Adds events and returns when they are committed.
  ///
  /// Cancelling the task ends the call while it waits for the writer; after that, only the timeout does.
  func add(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    let pending = PendingAddition(
      HistoryWriter.Addition(events: events, channel: channel), deadline: .now + timeLimit)
    return try await withTaskCancellationHandler {
      try await pending.answer.value { admit(pending) }
    } onCancel: {
      withdraw(pending, throwing: CancellationError())
    }
  }

  /// Commits waiting additions and closes the file. If a file system call exceeds the time limit, the file is closed
  /// when it returns.
  func close() async {
    state.withLock { $0.isClosed = true }
    let closed = FirstResult<Void>()
    try? await closed.value {
      queue.async {
        self.run()
        // Closing checkpoints the log. On this queue it delays no caller.
        self.file.withLock { file in
          file?.flushForTheLastTime()
          file = nil
        }
        closed.end(with: .success(()))
      }
      deadlines.asyncAfter(deadline: .now() + timeLimit.dispatchInterval) { closed.end(with: .success(())) }
    }
  }

  private func admit(_ pending: PendingAddition) {
    let (rejection, begins, isToBeWatched) = state.withLock { state -> (SQLiteHistoryError?, Bool, Bool) in
      guard !state.isClosed else { return (.closed(path), false, false) }
      guard state.additions.append(pending) else {
        return (.overloaded(path, waiting: state.additions.bytes), false, false)
      }
      defer {
        state.isRunning = true
        state.isWatched = true
      }
      return (nil, !state.isRunning, !state.isWatched)
    }
    if let rejection { _ = pending.withdraw(throwing: rejection) }
    if begins { queue.async { self.run() } }
    if isToBeWatched { watch(until: pending.deadline) }
  }

  private func withdraw(_ pending: PendingAddition, throwing error: any Error) {
    guard pending.withdraw(throwing: error) else { return }
    state.withLock { $0.additions.wasWithdrawn(pending) }
  }

  /// Does the writer's work. Called on the queue's thread.
  private func run() {
    while true {
      let (group, isClosed) = state.withLock { ($0.additions.nextGroup(), $0.isClosed) }
      if !group.isEmpty { commit(group) }
      // Remaining evictions happen when the file is opened again.
      let (hasMore, wakeUp) = file.withLock { isClosed ? (false, nil) : $0?.tend() ?? (false, nil) }
      if !group.isEmpty || hasMore { continue }
      let isDone = state.withLock { state in
        if state.additions.isEmpty { state.isRunning = false }
        return state.additions.isEmpty
      }
      guard isDone else { continue }
      if let wakeUp { wake(at: wakeUp) }
      return
    }
  }

  private func commit(_ group: [(pending: PendingAddition, addition: HistoryWriter.Addition)]) {
    let results = file.withLock { file in
      file?.commit(group.map(\.addition)) ?? group.map { _ in .failure(.closed(path)) }
    }
    // First, so that a caller that has its result finds the memory free.
    state.withLock { $0.additions.groupEnded() }
    for (result, (pending, _)) in zip(results, group) { pending.answer.end(with: result.mapError { $0 }) }
  }

  /// Ends additions that have passed their deadline, and schedules the next check.
  private func watch(until deadline: ContinuousClock.Instant) {
    deadlines.asyncAfter(deadline: .now() + (deadline - .now).dispatchInterval) { [weak self] in
      self?.endOverdueAdditions()
    }
  }

  private func endOverdueAdditions() {
    for pending in state.withLock({ $0.additions.overdue(at: .now) }) {
      withdraw(pending, throwing: SQLiteHistoryError.timedOut(path, after: timeLimit))
      // The writer has it, so it may or may not be recorded.
      pending.answer.end(with: .failure(SQLiteHistoryError.undecided(path, after: timeLimit)))
    }
    let next = state.withLock { state in
      state.isWatched = state.additions.nextDeadline != nil
      return state.additions.nextDeadline
    }
    if let next { watch(until: next) }
  }

  /// Schedules a run, unless an earlier one is scheduled.
  private func wake(at time: ContinuousClock.Instant) {
    let isFirst = state.withLock { state in
      guard !state.isClosed, state.wakeUp.map({ time < $0 }) ?? true else { return false }
      state.wakeUp = time
      return true
    }
    guard isFirst else { return }
    queue.asyncAfter(deadline: .now() + (time - .now).dispatchInterval) { [weak self] in self?.awake(at: time) }
  }

  private func awake(at time: ContinuousClock.Instant) {
    let begins = state.withLock { state in
      if state.wakeUp == time { state.wakeUp = nil }
      // An active run checks for itself what is due.
      defer { state.isRunning = state.isRunning || !state.isClosed }
      return !state.isRunning && !state.isClosed
    }
    if begins { run() }
  }
}
