import Synchronization

/// The bytes that all segments of one hub occupy, and how many they may.
///
/// Counts what is allocated, not what is in use, and is refunded when memory is really freed: a stack that keeps a
/// segment alive keeps it charged. Any thread; one atomic addition.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Atomic<Int>(0)
  /// The part of it that is not in logs but was copied for single readers.
  private let copied = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var bytesInUse: Int { used.load(ordering: .relaxed) }
  var isExceeded: Bool { bytesInUse > limit }

  /// Whether single readers have more than a quarter. Those that are slow are cut off then, so that they do not drive
  /// the events of others out of the logs.
  var copiesAreExceeded: Bool { copied.load(ordering: .relaxed) > limit / 4 }

  func chargeCopy(_ bytes: Int) { copied.add(bytes, ordering: .relaxed) }
  func refundCopy(_ bytes: Int) { copied.subtract(bytes, ordering: .relaxed) }

  func charge(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
  func refund(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }
}
