import Synchronization

/// The bytes that one hub keeps for events, and how many it may: segments of logs, copies for single readers, and
/// publications that wait for a repository.
///
/// Counts what is allocated, and is refunded when memory is really freed: a stack that keeps a segment alive keeps it
/// charged. Any thread; one atomic addition.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Atomic<Int>(0)
  /// The part that was copied for single readers, or that stacks keep although the logs have evicted it.
  private let causedByReaders = Atomic<Int>(0)
  /// The part that waits for repositories to record it.
  private let waiting = Atomic<Int>(0)
  private let waitingCount = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var bytesInUse: Int { used.load(ordering: .relaxed) }
  var isExceeded: Bool { bytesInUse > limit }

  /// How many publications wait for repositories.
  var waitingPublications: Int { waitingCount.load(ordering: .relaxed) }

  /// The largest block that is published. A quarter of the limit: whatever is published, others' events stay.
  var largestBlock: Int { limit / 4 }

  /// Whether single readers cause more than a quarter. Those that are slow are disconnected then, so that they do not
  /// drive the events of others out of the logs.
  var isExceededByReaders: Bool { causedByReaders.load(ordering: .relaxed) > limit / 4 }

  func charge(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
  func refund(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }

  func chargeToReaders(_ bytes: Int) { causedByReaders.add(bytes, ordering: .relaxed) }
  func refundToReaders(_ bytes: Int) { causedByReaders.subtract(bytes, ordering: .relaxed) }

  /// Charges bytes that wait for a repository; false: an eighth of the limit waits already.
  func chargeWaiting(_ bytes: Int) -> Bool {
    guard waiting.add(bytes, ordering: .relaxed).newValue <= limit / 8 else {
      waiting.subtract(bytes, ordering: .relaxed)
      return false
    }
    waitingCount.add(1, ordering: .relaxed)
    charge(bytes)
    return true
  }

  func refundWaiting(_ bytes: Int) {
    waitingCount.subtract(1, ordering: .relaxed)
    waiting.subtract(bytes, ordering: .relaxed)
    refund(bytes)
  }
}
