/// A run of a channel's encoded bytes, reference-counted, and immutable once written.
///
/// Bytes are appended under the lock of the log that owns the segment, always behind everything that a lane was told of
/// under that same lock; therefore lanes read what they were told of without one. This is what makes the class `Sendable`.
final class LogSegment: @unchecked Sendable {
  /// The memory, of ``capacity`` bytes.
  let bytes: UnsafeMutableRawPointer
  let capacity: Int
  private let budget: MemoryBudget

  /// Allocates a segment and charges it to the budget, which may thereby be exceeded: whoever allocates then reclaims.
  init(capacity: Int, budget: MemoryBudget) {
    bytes = .allocate(byteCount: capacity, alignment: 8)
    self.capacity = capacity
    self.budget = budget
    budget.charge(capacity)
  }

  deinit {
    bytes.deallocate()
    budget.refund(capacity)
  }
}
