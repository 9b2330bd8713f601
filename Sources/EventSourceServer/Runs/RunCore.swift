import Synchronization

internal import EventSourceFormat

/// The part of a run that is not its channel, which refers to it: its state, its producer, and the callers that wait
/// for its end.
///
/// Lock order: the store's lock, then a run's, then a channel's. No foreign code is called under a run's lock.
///
/// `due`, `heapIndex` and `isPending` belong to the store's schedule and are guarded by its lock; everything else that
/// changes is in `guarded`. That is what makes the class `Sendable`.
final class RunCore: @unchecked Sendable {
  struct Guarded: ~Copyable {
    var state: RunState
    /// The encoded bytes of its events, and the memory of its log.
    var byteCount = 0
    var chargedBytes = 0
    /// The number of events that have been assigned a number. Used only for recorded runs, whose events get their IDs
    /// before they are in the log.
    var numbered: UInt64 = 0
    /// Whether its last event is in the log.
    var isSealed = false
    /// The producer, if the collection runs it.
    var task: Task<Void, Never>?
    var waiters: [RunWaiter] = []
    /// Whether the producer has not been asked to stop yet.
    var wasNotAsked = true
    /// The position of its newest event in a shared history, or `nil` if there is none.
    var position: SharedPosition?
    /// Whether a batch was refused, so that it may be unknown whether the shared history has its events.
    var hasRefusedBatch = false
    /// Whether the collection's control channel is kept for it.
    var usesControl = false
    /// For a run of another process: whether that process still answers, and the reason to stop the run, if a caller of
    /// this process has asked for that.
    var liveness = RunLiveness()
    var wantedStop: RunStopReason?
  }

  let id: String
  let store: RunStore
  let isRecorded: Bool
  /// Whether another process produces it.
  let isFollowed: Bool
  let guarded: Mutex<Guarded>

  var due = Int64.never
  var heapIndex = -1
  var isPending = false

  init(id: String, store: RunStore, ended outcome: RunOutcome? = nil) {
    self.id = id
    self.store = store
    isRecorded = store.repository != nil
    isFollowed = false
    var initial = Guarded(state: RunState())
    initial.state = outcome.map(RunState.init(ended:)) ?? RunState(isRecorded: isRecorded)
    guarded = Mutex(initial)
  }

  /// Creates a run that another process produces.
  init(followed id: String, store: RunStore) {
    self.id = id
    self.store = store
    isRecorded = true
    isFollowed = true
    guarded = Mutex(Guarded(state: RunState(followed: ())))
  }

  var state: RunState { guarded.withLock { $0.state } }

  /// The suffix of the ID of a last event that could not be recorded.
  static let unrecorded = "-unrecorded"
  /// The suffix of the ID of an end that another process than the producer's has recorded. No event of the producer has
  /// the same ID.
  static let interrupted = "-interrupted"

  /// Returns the place in a run's log after the event with an ID.
  static func place(after id: String, in log: LogSnapshot, prefix: String) -> LogSnapshot.Place? {
    if let number = number(in: id, prefix: prefix) {
      if let place = log.place(after: number, exactly: id) { return place }
      // The history has an end whose recording seemed to fail here, with the same number.
      if let place = log.place(afterOwn: id + unrecorded) { return place }
      // The history has an event whose recording seemed to fail here, and nothing is between it and the end.
      if let newest = log.newestEvent,
        log.id(at: newest.position)?.utf8.elementsEqual("\(prefix)\(number + 1)\(unrecorded)".utf8) == true
      {
        return newest
      }
    }
    if let place = log.place(afterOwn: id) { return place }
    // Nothing follows an end.
    return isOtherEnd(id, prefix: prefix) ? log.endPlace : nil
  }

  /// Returns whether an ID is that of an end which the producer's process has not recorded, so that perhaps not every
  /// process has it.
  static func isOtherEnd(_ id: String, prefix: String) -> Bool {
    [unrecorded, interrupted].contains { suffix in
      id.hasSuffix(suffix) && number(in: String(id.dropLast(suffix.utf8.count)), prefix: prefix) != nil
    }
  }

  /// Returns the number in an ID that the run generated, or `nil` for any other ID.
  static func number(in id: String, prefix: String) -> UInt64? {
    guard id.utf8.starts(with: prefix.utf8) else { return nil }
    let digits = id.utf8.dropFirst(prefix.utf8.count)
    guard let first = digits.first, digits.count < 20, first != UInt8(ascii: "0") || digits.count == 1,
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return UInt64(Substring(digits))
  }
}
