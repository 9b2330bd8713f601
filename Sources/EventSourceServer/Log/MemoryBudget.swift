import Synchronization

/// The bytes that all segments of one hub occupy, and how many they may.
///
/// Counts what is allocated, not what is in use, and is refunded when memory is really freed: a stack that keeps a
/// segment alive keeps it charged. Any thread; one atomic addition.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var bytesInUse: Int { used.load(ordering: .relaxed) }
  var isExceeded: Bool { bytesInUse > limit }

  func charge(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
  func refund(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }
}
