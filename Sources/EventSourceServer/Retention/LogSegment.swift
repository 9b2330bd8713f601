import Synchronization

/// A reference-counted run of a channel's encoded blocks. Bytes are immutable once written.
///
/// Blocks grow from the front of the memory and their index from the back, so one allocation, charged to the hub's
/// budget, holds everything:
///
///     | block 0 | block 1 | block 2 |  free  | entry 2 | entry 1 | entry 0 |
///
/// Lock rule, which makes the class `Sendable`: `used`, `count`, `lastAppend` and `keys` are accessed only under the
/// lock of the owning channel, or without it once another segment is known to follow. Blocks and entries are written
/// under that lock, always beyond the end that lanes have read under it, so lanes read them without the lock.
/// `idIndex` has its own lock. `older`, `newer` and `owner` belong to the ``SegmentRegistry`` and its lock.
final class LogSegment: @unchecked Sendable {
  /// The end of a block, and its event ID.
  struct Entry {
    var end: UInt32
    var id: EntryID
  }

  /// The cost of a block in addition to its bytes.
  static let entrySize = MemoryLayout<Entry>.stride

  /// The maximum cost of a block's key, here and in the log's table.
  static let keySize = 64

  let bytes: UnsafeMutableRawPointer
  let capacity: Int
  /// The channel's position of the first byte, and the number of blocks before it.
  let start: UInt64
  let firstOrdinal: UInt64
  /// The time of its creation, in the hub's nanoseconds.
  let made: Int64
  private let budget: MemoryBudget
  /// Whether it is charged to readers, because it does not belong to a log or was evicted from it.
  private let isChargedToReaders: Atomic<Bool>

  private(set) var used = 0
  private(set) var count = 0
  private(set) var lastAppend: Int64 = 0
  /// The blocks' keys, if the log uses keys. 0 means none.
  private(set) var keys: [UInt64] = []
  /// The entries with application IDs by ID. Created when one is first searched.
  private let idIndex = Mutex<SegmentIDIndex?>(nil)

  var older: LogSegment?
  var newer: LogSegment?
  var owner: EventChannel?

  /// A capacity at which the index, which grows down from the end, is aligned.
  static func rounded(_ capacity: Int) -> Int { (capacity + entrySize - 1) & ~(entrySize - 1) }

  /// Allocates a segment and charges it to the budget. If that exceeds the budget, the caller must reclaim memory.
  ///
  /// - Parameter memory: Memory of the rounded capacity, to use instead of allocating.
  init(
    capacity: Int, start: UInt64 = 0, firstOrdinal: UInt64 = 0, made: Int64 = 0, budget: MemoryBudget,
    isOfReader: Bool = false, memory: UnsafeMutableRawPointer? = nil
  ) {
    self.capacity = Self.rounded(capacity)
    bytes = memory ?? .allocate(byteCount: self.capacity, alignment: Self.entrySize)
    self.start = start
    self.firstOrdinal = firstOrdinal
    self.made = made
    self.budget = budget
    isChargedToReaders = Atomic(isOfReader)
    budget.charge(self.capacity)
    if isOfReader { budget.chargeToReaders(self.capacity) }
  }

  /// Allocates a segment that begins with all blocks of another one of the same log. Call it under the channel's lock.
  ///
  /// - Parameter capacity: At least the capacity that those blocks need.
  convenience init(copying other: LogSegment, capacity: Int, made: Int64) {
    self.init(
      capacity: capacity, start: other.start, firstOrdinal: other.firstOrdinal, made: made, budget: other.budget)
    precondition(self.capacity >= other.used + other.count * Self.entrySize)
    bytes.copyMemory(from: other.bytes, byteCount: other.used)
    used = other.used
    count = other.count
    if count > 0 {
      entryAddress(count - 1).copyMemory(
        from: other.entryAddress(count - 1), byteCount: count * Self.entrySize)
    }
    lastAppend = other.lastAppend
    keys = other.keys
    budget.charge(keys.count * Self.keySize)
  }

  deinit {
    bytes.deallocate()
    if isChargedToReaders.load(ordering: .relaxed) { budget.refundToReaders(capacity) }
    let indexBytes = idIndex.withLock { $0?.byteCount ?? 0 }
    budget.refund(capacity + keys.count * Self.keySize + indexBytes)
  }

  /// Charges it to readers after eviction: from now on, only a reader's stack keeps it in memory.
  func chargeToReaders() {
    if !isChargedToReaders.exchange(true, ordering: .relaxed) { budget.chargeToReaders(capacity) }
  }

  var end: UInt64 { start + UInt64(used) }
  var endOrdinal: UInt64 { firstOrdinal + UInt64(count) }

  func hasRoom(for byteCount: Int) -> Bool {
    used + byteCount + (count + 1) * Self.entrySize <= capacity
  }

  /// Appends a block, for which there must be room.
  func append(byteCount: Int, id: EntryID, now: Int64, write: (UnsafeMutableRawBufferPointer) -> Void) {
    precondition(hasRoom(for: byteCount))
    write(UnsafeMutableRawBufferPointer(start: bytes + used, count: byteCount))
    used += byteCount
    count += 1
    entryAddress(count - 1).storeBytes(of: Entry(end: UInt32(used), id: id), as: Entry.self)
    lastAppend = now
  }

  /// Records the key of the most recently appended block.
  func append(key: UInt64) {
    let before = keys.count
    // If the log began to use keys only later, earlier blocks have none.
    while keys.count < count - 1 { keys.append(0) }
    keys.append(key)
    budget.charge((keys.count - before) * Self.keySize)
  }

  func entry(_ index: Int) -> Entry { entryAddress(index).load(as: Entry.self) }

  /// Returns the bytes of the block at an index.
  func block(_ index: Int) -> UnsafeRawBufferPointer {
    let start = offset(ofBlock: index)
    return UnsafeRawBufferPointer(start: bytes + start, count: Int(entry(index).end) - start)
  }

  func offset(ofBlock index: Int) -> Int { index == 0 ? 0 : Int(entry(index - 1).end) }

  /// Returns the number of blocks that end at or before a position in the segment. A binary search.
  func blocks(endingBy position: UInt64, of count: Int) -> Int {
    let local = Int(position - start)
    // Readers nearly always have everything but the newest block.
    if count > 0, offset(ofBlock: count - 1) == local { return count - 1 }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if Int(entry(middle).end) <= local { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Returns the newest of the first `count` blocks whose event has this application ID.
  func newestBlock(withID id: UnsafeBufferPointer<UInt8>, _ entryID: EntryID, count: Int) -> Int? {
    idIndex.withLock { made in
      let index = made ?? SegmentIDIndex()
      made = index
      let before = index.byteCount
      index.extend(to: count, in: self)
      if index.byteCount > before { budget.charge(index.byteCount - before) }
      return index.newest(id, entryID, in: self)
    }
  }

  private func entryAddress(_ index: Int) -> UnsafeMutableRawPointer {
    bytes + capacity - (index + 1) * Self.entrySize
  }
}
