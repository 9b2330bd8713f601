import Synchronization

internal import EventSourceFormat

/// What a run has beside its channel, which refers to it: its state, its producer, and those who wait for its end.
///
/// Lock order: the store's lock, then a run's, then a channel's. Under a run's lock nothing foreign is called.
///
/// `due`, `heapIndex` and `isPending` belong to the store's schedule and are guarded by its lock; everything else that
/// changes is in `guarded`. That is what makes the class `Sendable`.
final class RunCore: @unchecked Sendable {
  struct Guarded: ~Copyable {
    var state: RunState
    /// The encoded bytes of its events, and what its log occupies.
    var byteCount = 0
    var chargedBytes = 0
    /// How many of its events were given a number. Only of a run that is recorded, because its events have their IDs
    /// before the log has them.
    var numbered: UInt64 = 0
    /// Its last event is in the log.
    var isSealed = false
    /// The producer, if the collection runs it.
    var task: Task<Void, Never>?
    var waiters: [RunWaiter] = []
    /// Nobody asked the producer to stop yet.
    var wasNotAsked = true
  }

  let id: String
  let store: RunStore
  let isRecorded: Bool
  let guarded: Mutex<Guarded>

  var due = Int64.never
  var heapIndex = -1
  var isPending = false

  init(id: String, store: RunStore, ended outcome: RunOutcome? = nil) {
    self.id = id
    self.store = store
    isRecorded = store.repository != nil
    var initial = Guarded(state: RunState())
    initial.state = outcome.map(RunState.init(ended:)) ?? RunState(isRecorded: isRecorded)
    guarded = Mutex(initial)
  }

  var state: RunState { guarded.withLock { $0.state } }

  /// What the ID of a last event ends with that could not be recorded.
  static let unrecorded = "-unrecorded"

  /// The place in a run's log after the event with an ID.
  static func place(after id: String, in log: LogSnapshot, prefix: String) -> LogSnapshot.Place? {
    if let number = number(in: id, prefix: prefix), let place = log.place(after: number, exactly: id) { return place }
    if let place = log.place(afterOwn: id) { return place }
    // The viewer was told of an end that the history does not have: it has everything up to there.
    guard id.hasSuffix(unrecorded) else { return nil }
    let last = String(id.dropLast(unrecorded.utf8.count))
    return number(in: last, prefix: prefix).flatMap { log.place(after: $0, exactly: last) } ?? log.place(afterOwn: last)
  }

  /// The number in an ID that the run generated; nil: it generated none such.
  static func number(in id: String, prefix: String) -> UInt64? {
    guard id.utf8.starts(with: prefix.utf8) else { return nil }
    let digits = id.utf8.dropFirst(prefix.utf8.count)
    guard let first = digits.first, digits.count < 20, first != UInt8(ascii: "0") || digits.count == 1,
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return UInt64(Substring(digits))
  }
}
