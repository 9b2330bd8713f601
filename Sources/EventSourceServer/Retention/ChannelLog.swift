/// A channel's past as one stream of bytes, whose newest part is retained in segments.
///
/// Positions are byte offsets since the channel began. So a reader's cursor is one integer, cursors compare by `<`, and
/// the next event of a reader whose cursor is before ``start`` was evicted. Ordinals count blocks, both events and
/// comments; the nth block has number n. Part of the channel's state and guarded by its lock.
struct ChannelLog {
  /// The retained segments, oldest first. The last one grows.
  private(set) var segments: [LogSegment] = []
  /// The positions of the oldest retained block and of the next one published.
  private(set) var start: UInt64 = 0
  private(set) var end: UInt64 = 0
  /// The number of blocks published before those positions.
  private(set) var startOrdinal: UInt64 = 0
  private(set) var endOrdinal: UInt64 = 0
  /// The position after the last cut.
  private(set) var lastCut: UInt64 = 0
  /// The position of the newest event, if there ever was one. It may have been evicted.
  private(set) var newestEvent: UInt64?
  private(set) var newestEvicted = EvictedEvent()
  /// The bytes that the segments occupy.
  private(set) var allocatedBytes = 0
  /// The position of each key's newest block. `nil` unless slow readers get only the newest of each key.
  private(set) var newestByKey: [UInt64: UInt64]?

  /// Enough for one event of a quiet channel.
  private static let firstSegment = 128
  /// The smallest allowed maximum size of a segment, however small the log's limit.
  private static let smallestSegment = 512
  private static let largestSegment = 256 << 10
  /// A log up to this size has one segment, so that a reader gets it in one write.
  private static let mergedSegment = 16 << 10

  init(isKeyed: Bool = false) { newestByKey = isKeyed ? [:] : nil }

  /// Appends a block, and evicts whatever exceeds the log's limits. Amortized one allocation per segment. `owner` is
  /// evaluated only when segments change, because retaining it for every block would cost more than copying the block.
  ///
  /// - Parameter prewritten: The block's own memory, in which `write` writes only what is missing.
  mutating func append(
    byteCount: Int, id: EntryID, key: UInt64 = 0, now: Int64, limits: Retention, prewritten: PrewrittenBlock? = nil,
    owner: @autoclosure () -> LogOwner, write: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    if prewritten != nil || segments.last?.hasRoom(for: byteCount) != true {
      addSegment(for: byteCount, prewritten, now: now, limits: limits, owner: owner())
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
    if let most = limits.maximumEvents, endOrdinal - startOrdinal > UInt64(most) { trim(to: most, owner: owner()) }
  }

  /// Evicts the oldest segment.
  mutating func removeOldestSegment(owner: LogOwner) {
    let segment = segments.removeFirst()
    noteEvicted(segment.count, of: segment)
    owner.registry?.remove(segment)
    segment.chargeToReaders()
    allocatedBytes -= segment.capacity
    start = max(start, segment.end)
    startOrdinal = max(startOrdinal, segment.endOrdinal)
    guard newestByKey != nil else { return }
    for key in segment.keys {
      if let newest = newestByKey?[key], newest < segment.end { newestByKey?[key] = nil }
    }
  }

  /// Evicts everything and leaves a gap of one byte, so that even caught-up readers have lost their place.
  mutating func cut(owner: LogOwner) {
    while !segments.isEmpty { removeOldestSegment(owner: owner) }
    newestEvent = end
    end += 1
    start = end
    lastCut = end
  }

  /// Applies new limits. The newest segment is never evicted.
  mutating func keep(_ limits: Retention, owner: LogOwner) {
    while segments.count > 1, allocatedBytes > limits.maximumBytes { removeOldestSegment(owner: owner) }
    if let most = limits.maximumEvents, endOrdinal - startOrdinal > UInt64(most) { trim(to: most, owner: owner) }
  }

  /// Starts or stops tracking the position of each key's newest event. Blocks that were published without keys have
  /// none.
  mutating func setKeyed(_ isKeyed: Bool) {
    if isKeyed != (newestByKey != nil) { newestByKey = isKeyed ? [:] : nil }
  }

  /// Returns the segment with the byte at a position from ``start`` up to, but not including, ``end``.
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

  private mutating func addSegment(
    for byteCount: Int, _ prewritten: PrewrittenBlock?, now: Int64, limits: Retention, owner: LogOwner
  ) {
    // Doubling adapts the size to the traffic. The cap, a sixteenth of the log's limit or a smaller share of the hub's,
    // keeps each eviction small: a segment cannot be evicted until its newest event has been offered.
    let share = min(limits.maximumBytes / 16, owner.budget.limit / 64)
    let largest = min(max(share, Self.smallestSegment), Self.largestSegment)
    let wanted = min(owner.registry == nil ? nextCapacityOfRun : nextCapacity, largest)
    if prewritten == nil, let only = onlySegment(thatFitsInto: wanted, with: byteCount, limits) {
      return replace(only, by: LogSegment(copying: only, capacity: wanted, made: now), owner: owner)
    }
    let segment = LogSegment(
      capacity: prewritten?.capacity ?? max(wanted, byteCount + LogSegment.entrySize),
      start: end, firstOrdinal: endOrdinal, made: now, budget: owner.budget, memory: prewritten?.takeMemory()
    )
    while !segments.isEmpty, allocatedBytes > limits.maximumBytes - segment.capacity {
      removeOldestSegment(owner: owner)
    }
    allocatedBytes += segment.capacity
    segments.append(segment)
    owner.registry?.add(segment, owner: owner.channel)
    // In an empty log, the first block begins with the segment.
    if segments.count == 1 {
      start = end
      startOrdinal = endOrdinal
    }
  }

  /// The capacity of the next segment: twice that of the last one, or the same if the last one holds the whole merged
  /// log.
  private var nextCapacity: Int {
    guard let last = segments.last else { return Self.firstSegment }
    return segments.count == 1 && last.capacity >= Self.mergedSegment ? last.capacity : last.capacity * 2
  }

  /// The capacity of the next segment of a run, whose memory grows by a quarter at a time. Nothing of a run is evicted,
  /// so the free space in its newest segment is all that it wastes.
  private var nextCapacityOfRun: Int {
    guard let last = segments.last else { return Self.firstSegment }
    let more = min(max(allocatedBytes / 4, Self.smallestSegment), Self.mergedSegment)
    return segments.count == 1 && last.capacity + more <= Self.mergedSegment ? last.capacity + more : more
  }

  /// Returns the only segment of a small log, if it fits into a larger one together with the next block. Returns `nil`
  /// if the log has a maximum age, because older events would be evicted only with the newest of their segment.
  private func onlySegment(thatFitsInto capacity: Int, with byteCount: Int, _ limits: Retention) -> LogSegment? {
    guard segments.count == 1, let segment = segments.first, limits.maximumAge == nil, start == segment.start,
      capacity <= Self.mergedSegment, capacity > segment.capacity,
      segment.used + byteCount + (segment.count + 1) * LogSegment.entrySize <= capacity
    else { return nil }
    return segment
  }

  private mutating func replace(_ segment: LogSegment, by larger: LogSegment, owner: LogOwner) {
    owner.registry?.remove(segment)
    // From now on only a stack that sends from the segment keeps it in memory.
    segment.chargeToReaders()
    allocatedBytes += larger.capacity - segment.capacity
    segments = [larger]
    owner.registry?.add(larger, owner: owner.channel)
  }

  private mutating func trim(to most: Int, owner: LogOwner) {
    let first = endOrdinal - UInt64(most)
    while segments.count > 1, segments[0].endOrdinal <= first { removeOldestSegment(owner: owner) }
    let segment = segments[0]
    let skipped = Int(first - segment.firstOrdinal)
    noteEvicted(skipped, of: segment)
    startOrdinal = first
    start = segment.start + UInt64(segment.offset(ofBlock: skipped))
  }

  /// Notes the newest event among a segment's first blocks, which are about to be evicted.
  private mutating func noteEvicted(_ count: Int, of segment: LogSegment) {
    let earlier = startOrdinal > segment.firstOrdinal ? Int(startOrdinal - segment.firstOrdinal) : 0
    guard earlier < count, let block = (earlier..<count).last(where: { segment.entry($0).id != .none }) else { return }
    newestEvicted = EvictedEvent(ordinal: segment.firstOrdinal + UInt64(block) + 1, id: segment.entry(block).id)
  }
}

/// The newest event that a log has evicted.
struct EvictedEvent: Equatable {
  /// Its number, or 0 if no event was evicted.
  var ordinal: UInt64 = 0
  var id = EntryID.none
}

/// The channel of a log, and the registry and budget that account for its segments.
struct LogOwner {
  let channel: EventChannel
  let registry: SegmentRegistry?
  let budget: MemoryBudget
}
