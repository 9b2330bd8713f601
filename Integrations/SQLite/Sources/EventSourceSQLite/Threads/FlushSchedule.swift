/// Decides when to flush the disk.
struct FlushSchedule {
  /// The maximum delay before a failed flush is retried.
  private static let longestRetry = Duration.seconds(1)

  /// `nil` flushes at each commit.
  private let interval: Duration?
  /// Whether there may be committed events that are not on the disk yet.
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

  /// Whether a commit at this time should flush the disk.
  func isSynced(at now: ContinuousClock.Instant) -> Bool {
    interval.map { now - lastFlush >= $0 } ?? true
  }

  /// Notes a commit.
  mutating func committed(isSynced: Bool, at now: ContinuousClock.Instant) {
    if isSynced { flushed(at: now) } else { isUnflushed = true }
  }

  /// Notes that everything committed is on the disk.
  mutating func flushed(at now: ContinuousClock.Instant) {
    isUnflushed = false
    lastFailure = nil
    lastFlush = now
  }

  /// Notes a failed flush.
  mutating func failed(at now: ContinuousClock.Instant) { lastFailure = now }

  /// The time of the next flush, or `nil` if everything is on the disk.
  var next: ContinuousClock.Instant? {
    guard let interval, isUnflushed else { return nil }
    let due = lastFlush + interval
    return lastFailure.map { max(due, $0 + min(interval, Self.longestRetry)) } ?? due
  }
}
