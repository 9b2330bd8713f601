/// The entries of one segment that have IDs of the application's own, by those: a hash table with open addressing,
/// extended when an ID is looked for, so that publishing does not pay for it and each entry is entered once.
// Sendable, because the segment's lock for it is held by whoever has it.
final class SegmentIDIndex: @unchecked Sendable {
  /// One more than an entry's index; 0: free.
  private var slots: [UInt32] = []
  private var used = 0
  /// How many entries have been looked at.
  private var indexed = 0

  var byteCount: Int { slots.count * MemoryLayout<UInt32>.stride }

  func extend(to count: Int, in segment: LogSegment) {
    guard indexed < count else { return }
    for index in indexed..<count where segment.entry(index).id.isOwn {
      if (used + 1) * 4 > slots.count * 3 { grow(segment) }
      insert(index, segment)
    }
    indexed = count
  }

  /// The newest of the entries that have an ID.
  func newest(_ id: UnsafeBufferPointer<UInt8>, _ entryID: EntryID, in segment: LogSegment) -> Int? {
    guard !slots.isEmpty else { return nil }
    var slot = entryID.slot(of: slots.count)
    while slots[slot] != 0 {
      let index = Int(slots[slot]) - 1
      if segment.entry(index).id == entryID, EventBlock.id(of: segment.block(index)).elementsEqual(id) { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// A later entry takes the place of an earlier one with the same ID. IDs are compared only if their hashes are equal.
  private func insert(_ index: Int, _ segment: LogSegment) {
    let entryID = segment.entry(index).id
    var slot = entryID.slot(of: slots.count)
    while slots[slot] != 0 {
      let other = Int(slots[slot]) - 1
      if segment.entry(other).id == entryID,
        EventBlock.id(of: segment.block(other)).elementsEqual(EventBlock.id(of: segment.block(index)))
      {
        slots[slot] = UInt32(index + 1)
        return
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = UInt32(index + 1)
    used += 1
  }

  private func grow(_ segment: LogSegment) {
    let entries = slots.filter { $0 != 0 }
    slots = Array(repeating: 0, count: max(16, slots.count * 2))
    used = 0
    for entry in entries { insert(Int(entry) - 1, segment) }
  }
}
