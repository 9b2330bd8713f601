/// A channel's past: one stream of bytes, of which the newest part is held in segments.
///
/// Positions are offsets in that stream since the channel began, so that a reader's cursor is one integer, two cursors
/// compare by `<`, and a cursor before ``start`` has fallen out of the log. Ordinals count blocks, events and comments
/// alike: the event behind which so many blocks end has that number. A value of the channel's state, guarded by its
/// lock.
struct ChannelLog {
  /// The segments held, oldest first; the last one is appended to.
  private(set) var segments: [LogSegment] = []
  /// The position of the oldest block held, and of the next one published.
  private(set) var start: UInt64 = 0
  private(set) var end: UInt64 = 0
  /// The number of blocks published before those positions.
  private(set) var startOrdinal: UInt64 = 0
  private(set) var endOrdinal: UInt64 = 0
  /// Where the newest event begins, if there ever was one; it may no longer be held.
  private(set) var newestEvent: UInt64?
  /// What the segments occupy.
  private(set) var allocatedBytes = 0
  /// Where the newest block of each key is, in a log whose slow readers get only those; nil in others.
  private(set) var newestByKey: [UInt64: UInt64]?

  /// What an event of a quiet channel fits into.
  private static let firstSegment = 128
  /// What others may have, however small the log's limit is.
  private static let smallestSegment = 512
  private static let largestSegment = 256 << 10

  init(isKeyed: Bool = false) { newestByKey = isKeyed ? [:] : nil }

  /// Appends a block. Amortized one allocation per segment; evicts what is beyond the log's own limits. The owner is
  /// asked for only then: counting references to it for each block would cost more than the copying of the block.
  mutating func append(
    byteCount: Int, id: EntryID, key: UInt64 = 0, now: Int64, limits: LogLimits,
    owner: @autoclosure () -> LogOwner, write: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    if segments.last?.hasRoom(for: byteCount) != true {
      addSegment(for: byteCount, now: now, limits: limits, owner: owner())
    }
    let segment = segments[segments.count - 1]
    segment.append(byteCount: byteCount, id: id, now: now, write: write)
    if newestByKey != nil {
      segment.append(key: key)
      if key != 0 { newestByKey?[key] = end }
    }
    if id != .none { newestEvent = end }
    end += UInt64(byteCount)
    endOrdinal += 1
    if let most = limits.events, endOrdinal - startOrdinal > UInt64(most) { trim(to: most, owner: owner()) }
  }

  /// Evicts the oldest segment.
  mutating func removeOldestSegment(owner: LogOwner) {
    let segment = segments.removeFirst()
    owner.registry.remove(segment)
    segment.chargeToReaders()
    allocatedBytes -= segment.capacity
    start = max(start, segment.end)
    startOrdinal = max(startOrdinal, segment.endOrdinal)
    guard newestByKey != nil else { return }
    for key in segment.keys {
      if let newest = newestByKey?[key], newest < segment.end { newestByKey?[key] = nil }
    }
  }

  /// Keeps new limits, of which the newest segment is never a victim.
  mutating func keep(_ limits: LogLimits, owner: LogOwner) {
    while segments.count > 1, allocatedBytes > limits.bytes { removeOldestSegment(owner: owner) }
    if let most = limits.events, endOrdinal - startOrdinal > UInt64(most) { trim(to: most, owner: owner) }
  }

  /// Begins to keep in mind where the newest event of each key is, or ends it. What was published without keys has
  /// none.
  mutating func setKeyed(_ isKeyed: Bool) {
    if isKeyed != (newestByKey != nil) { newestByKey = isKeyed ? [:] : nil }
  }

  /// The segment that holds the byte at a position from ``start`` to before ``end``.
  func segment(at position: UInt64) -> LogSegment {
    // Readers are nearly always in the newest one.
    if let last = segments.last, last.start <= position { return last }
    var low = 0
    var high = segments.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if segments[middle].start <= position { low = middle } else { high = middle - 1 }
    }
    return segments[low]
  }

  private mutating func addSegment(for byteCount: Int, now: Int64, limits: LogLimits, owner: LogOwner) {
    // Doubling suits the size to the traffic; a sixteenth of the log's limit, and less of the hub's, keeps what is
    // evicted at once small: of a segment whose newest event has yet to be offered nothing can go.
    let share = min(limits.bytes / 16, owner.budget.limit / 64)
    let largest = min(max(share, Self.smallestSegment), Self.largestSegment)
    let wanted = min(segments.last.map { $0.capacity * 2 } ?? Self.firstSegment, largest)
    let segment = LogSegment(
      capacity: max(wanted, byteCount + LogSegment.entrySize),
      start: end, firstOrdinal: endOrdinal, made: now, budget: owner.budget
    )
    while !segments.isEmpty, allocatedBytes > limits.bytes - segment.capacity { removeOldestSegment(owner: owner) }
    allocatedBytes += segment.capacity
    segments.append(segment)
    owner.registry.add(segment, owner: owner.channel)
    // Blocks of an empty log begin where the segment does.
    if segments.count == 1 {
      start = end
      startOrdinal = endOrdinal
    }
  }

  private mutating func trim(to most: Int, owner: LogOwner) {
    let first = endOrdinal - UInt64(most)
    while segments.count > 1, segments[0].endOrdinal <= first { removeOldestSegment(owner: owner) }
    let segment = segments[0]
    startOrdinal = first
    let skipped = Int(first - segment.firstOrdinal)
    start = segment.start + UInt64(segment.offset(ofBlock: skipped))
  }
}

/// Whose log it is, and where its segments are accounted for.
struct LogOwner {
  let channel: EventChannel
  let registry: SegmentRegistry
  let budget: MemoryBudget
}
