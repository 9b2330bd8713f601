import Synchronization

/// The event memory of one hub and its limit: log segments, copies for single readers, and publications that wait for a
/// repository.
///
/// Counts allocated bytes until they are freed, so a segment that a stack keeps alive stays charged. Safe to use from
/// any thread; each call is one atomic addition.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Atomic<Int>(0)
  /// Bytes copied for single readers, and evicted segments that stacks keep alive.
  private let causedByReaders = Atomic<Int>(0)
  /// Bytes that wait for repositories to record them.
  private let waiting = Atomic<Int>(0)
  private let waitingCount = Atomic<Int>(0)
  /// Bytes of compressors.
  private let compressing = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var bytesInUse: Int { used.load(ordering: .relaxed) }
  var isExceeded: Bool { bytesInUse > limit }

  /// The number of publications that wait for repositories.
  var waitingPublications: Int { waitingCount.load(ordering: .relaxed) }

  /// The largest block that may be published: a quarter of the limit, so that it does not displace everything else.
  var largestBlock: Int { limit / 4 }

  /// Whether single readers occupy more than a quarter. Slow readers are then disconnected, so that they do not
  /// displace events of others from the logs.
  var isExceededByReaders: Bool { causedByReaders.load(ordering: .relaxed) > limit / 4 }

  func charge(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
  func refund(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }

  func chargeToReaders(_ bytes: Int) { causedByReaders.add(bytes, ordering: .relaxed) }
  func refundToReaders(_ bytes: Int) { causedByReaders.subtract(bytes, ordering: .relaxed) }

  /// Charges a compressor. Returns `false` if compressors would occupy more than a quarter of the limit.
  func chargeCompressor(_ bytes: Int) -> Bool {
    guard bytes <= limit / 4, compressing.add(bytes, ordering: .relaxed).newValue <= limit / 4 else {
      if bytes <= limit / 4 { compressing.subtract(bytes, ordering: .relaxed) }
      return false
    }
    charge(bytes)
    return true
  }

  func refundCompressor(_ bytes: Int) {
    compressing.subtract(bytes, ordering: .relaxed)
    refund(bytes)
  }

  /// Charges bytes that wait for a repository. Returns `false` if an eighth of the limit is already waiting.
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
