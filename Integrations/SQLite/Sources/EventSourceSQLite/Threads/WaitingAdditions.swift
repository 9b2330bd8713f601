/// The additions that wait for the writer, in call order, and those being committed.
struct WaitingAdditions {
  /// The maximum size of a transaction, so that none takes long. It may exceed this by one addition.
  static let groupEvents = 4_096
  static let groupBytes = 8 << 20
  /// The maximum number of withdrawn additions that stay in the queue.
  private static let withdrawnAtMost = 64

  private let maximumBytes: Int
  private var waiting: [PendingAddition] = []
  private var committing: [PendingAddition] = []
  /// The approximate number of withdrawn additions in the queue.
  private var withdrawn = 0
  /// The memory of all additions.
  private(set) var bytes = 0

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// Whether no addition waits.
  var isEmpty: Bool { waiting.isEmpty }

  /// Enqueues an addition, unless it was withdrawn. An addition larger than the limit is accepted when it is alone.
  ///
  /// - Returns: `false` if there is no room.
  mutating func append(_ addition: PendingAddition) -> Bool {
    guard bytes == 0 || addition.bytes <= maximumBytes - min(bytes, maximumBytes) else { return false }
    guard addition.wait() else { return true }
    waiting.append(addition)
    bytes += addition.bytes
    return true
  }

  /// Notes that a waiting addition was withdrawn.
  mutating func wasWithdrawn(_ addition: PendingAddition) {
    bytes -= addition.bytes
    withdrawn += 1
    guard withdrawn > Self.withdrawnAtMost, withdrawn > waiting.count / 2 else { return }
    waiting.removeAll { $0.answer.hasEnded }
    withdrawn = 0
  }

  /// Takes the additions for the next commit.
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

  /// Notes that the last group has been committed or has failed.
  mutating func groupEnded() {
    bytes -= committing.reduce(0) { $0 + $1.bytes }
    committing = []
  }

  /// Takes the additions whose deadline has passed.
  func overdue(at now: ContinuousClock.Instant) -> [PendingAddition] {
    let isOverdue = { (addition: PendingAddition) in addition.deadline <= now }
    return (committing.prefix(while: isOverdue) + waiting.prefix(while: isOverdue)).filter { !$0.answer.hasEnded }
  }

  /// The earliest deadline, or `nil` if no addition waits.
  var nextDeadline: ContinuousClock.Instant? {
    let first = [committing.first { !$0.answer.hasEnded }, waiting.first { !$0.answer.hasEnded }]
    return first.compactMap { $0?.deadline }.min()
  }
}
