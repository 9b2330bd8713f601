extension LogSegment {
  /// Creates bytes outside of any log: one reader's replayed events, or a few shared bytes.
  static func standalone(
    byteCount: Int, budget: MemoryBudget, write: (UnsafeMutableRawBufferPointer) -> Void
  ) -> EventStreamBytes? {
    guard byteCount > 0 else { return nil }
    let segment = LogSegment(capacity: byteCount + entrySize, budget: budget, isOfReader: true)
    segment.append(byteCount: byteCount, id: .none, now: 0, write: write)
    return EventStreamBytes(segment, offset: 0, count: byteCount)
  }

  /// Copies bytes into memory outside of any log.
  static func standalone(_ bytes: [UInt8], budget: MemoryBudget) -> EventStreamBytes? {
    standalone(byteCount: bytes.count, budget: budget) { $0.copyBytes(from: bytes) }
  }
}
