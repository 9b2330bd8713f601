/// The additions that wait for the writer, in the order of the calls, and those that it is committing.
struct WaitingAdditions {
  /// What one transaction has at most, so that none takes long; it may have one addition beyond that.
  static let groupEvents = 4_096
  static let groupBytes = 8 << 20
  /// Withdrawn additions that may lie between the others.
  private static let withdrawnAtMost = 64

  private let maximumBytes: Int
  private var waiting: [PendingAddition] = []
  private var committing: [PendingAddition] = []
  /// About how many of those that wait have been withdrawn.
  private var withdrawn = 0
  /// The memory of all of them.
  private(set) var bytes = 0

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Whether no addition waits.
  var isEmpty: Bool { waiting.isEmpty }

  /// Takes an addition in, unless it was withdrawn; false: there is no room for it. One that is larger than all the
  /// room is taken when it is alone.
  mutating func append(_ addition: PendingAddition) -> Bool {
    guard bytes == 0 || addition.bytes <= maximumBytes - min(bytes, maximumBytes) else { return false }
    guard addition.wait() else { return true }
    waiting.append(addition)
    bytes += addition.bytes
    return true
  }

  /// An addition that has waited was withdrawn.
  mutating func wasWithdrawn(_ addition: PendingAddition) {
    bytes -= addition.bytes
    withdrawn += 1
    guard withdrawn > Self.withdrawnAtMost, withdrawn > waiting.count / 2 else { return }
    waiting.removeAll { $0.answer.hasEnded }
    withdrawn = 0
  }

  /// The next additions to be committed together.
  mutating func nextGroup() -> [(pending: PendingAddition, addition: HistoryWriter.Addition)] {
    var group: [(pending: PendingAddition, addition: HistoryWriter.Addition)] = []
    var events = 0
    var bytes = 0
    var taken = 0
    while taken < waiting.count, events < Self.groupEvents, bytes < Self.groupBytes {
      let pending = waiting[taken]
      taken += 1
      guard let addition = pending.begin() else {
        withdrawn = max(0, withdrawn - 1)
        continue
      }
      group.append((pending, addition))
      events += pending.eventCount
      bytes += pending.bytes
    }
    waiting.removeFirst(taken)
    committing = group.map(\.pending)
    return group
  }

  /// The last group has been committed, or has failed.
  mutating func groupEnded() {
    bytes -= committing.reduce(0) { $0 + $1.bytes }
    committing = []
  }

  /// The additions whose callers have to be answered by now.
  func overdue(at now: ContinuousClock.Instant) -> [PendingAddition] {
    let isOverdue = { (addition: PendingAddition) in addition.deadline <= now }
    return (committing.prefix(while: isOverdue) + waiting.prefix(while: isOverdue)).filter { !$0.answer.hasEnded }
  }

  /// The next moment at which a caller has to be answered; nil: nobody waits.
  var nextDeadline: ContinuousClock.Instant? {
    let first = [committing.first { !$0.answer.hasEnded }, waiting.first { !$0.answer.hasEnded }]
    return first.compactMap { $0?.deadline }.min()
  }
}
