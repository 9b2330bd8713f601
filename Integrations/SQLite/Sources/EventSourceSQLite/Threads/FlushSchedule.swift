/// When the disk is to be flushed.
struct FlushSchedule {
  /// What a failed flush is tried again after, at most.
  private static let longestRetry = Duration.seconds(1)

  /// nil: at each commit.
  private let interval: Duration?
  /// Something was committed that may not be on the disk.
  private(set) var isUnflushed = false
  private var lastFlush: ContinuousClock.Instant
  private var lastFailure: ContinuousClock.Instant?

  init(_ durability: SQLiteEventRepository.Durability, now: ContinuousClock.Instant = .now) {
    interval =
      switch durability {
      case .everyCommit: nil
      case .interval(let interval): interval.asTimeLimit
      }
    lastFlush = now
  }

  /// Whether a commit at this moment is to flush the disk.
  func isSynced(at now: ContinuousClock.Instant) -> Bool {
    interval.map { now - lastFlush >= $0 } ?? true
  }

  /// Something has been committed.
  mutating func committed(isSynced: Bool, at now: ContinuousClock.Instant) {
    if isSynced { flushed(at: now) } else { isUnflushed = true }
  }

  /// Everything that was committed is on the disk.
  mutating func flushed(at now: ContinuousClock.Instant) {
    isUnflushed = false
    lastFailure = nil
    lastFlush = now
  }

  /// A flush has failed.
  mutating func failed(at now: ContinuousClock.Instant) { lastFailure = now }

  /// When to flush next; nil: everything is on the disk.
  var next: ContinuousClock.Instant? {
    guard let interval, isUnflushed else { return nil }
    let due = lastFlush + interval
    return lastFailure.map { max(due, $0 + min(interval, Self.longestRetry)) } ?? due
  }
}
