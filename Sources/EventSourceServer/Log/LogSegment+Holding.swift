extension LogSegment {
  /// Bytes that belong to no log: one reader's replayed events, or a few bytes that all share.
  static func holding(
    byteCount: Int, budget: MemoryBudget, write: (UnsafeMutableRawBufferPointer) -> Void
  ) -> EventStreamBytes? {
    guard byteCount > 0 else { return nil }
    let segment = LogSegment(capacity: byteCount + entrySize, budget: budget, isCopy: true)
    segment.append(byteCount: byteCount, idHash: 0, now: 0, write: write)
    return EventStreamBytes(segment, offset: 0, count: byteCount)
  }
}

extension EventStreamBytes {
  /// Copies the bytes to the beginning of memory that has room for them; how many they are.
  func copy(to memory: UnsafeMutableRawBufferPointer) -> Int {
    withUnsafeBytes { memory.copyMemory(from: $0) }
    return count
  }
}
