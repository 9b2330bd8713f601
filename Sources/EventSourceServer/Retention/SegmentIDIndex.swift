/// An open-addressing hash table of a segment's entries by application ID. It is extended when an ID is searched, so
/// publishing does not pay for it, and each entry is added once.
// Sendable because it is used only under the segment's lock for it.
final class SegmentIDIndex: @unchecked Sendable {
  /// An entry's index plus one. 0 means free.
  private var slots: [UInt32] = []
  private var used = 0
  /// The number of entries that have been visited.
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

  /// Returns the newest entry with an ID.
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

  /// Inserts an entry, replacing an earlier one with the same ID. IDs are compared only if their hashes are equal.
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
