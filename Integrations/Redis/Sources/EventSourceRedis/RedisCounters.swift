import Synchronization

/// The counts behind ``RedisStatistics``. Can be used from any thread.
final class RedisCounters: Sendable {
  private let counts = Mutex(RedisStatistics())

  var statistics: RedisStatistics { counts.withLock { $0 } }

  func recorded(_ events: Int, afterLoss: Bool) {
    counts.withLock { counts in
      counts.batches += 1
      counts.events += events
      if afterLoss { counts.lostTails += 1 }
    }
  }

  func repeated() { counts.withLock { $0.repeatedBatches += 1 } }
  func received() { counts.withLock { $0.messages += 1 } }
  func read() { counts.withLock { $0.reads += 1 } }
  func lostConnection() { counts.withLock { $0.lostConnections += 1 } }
}
