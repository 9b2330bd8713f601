/// A channel's past: one stream of bytes, of which the newest part is held in segments.
///
/// Positions are offsets in that stream since the channel began, so that a reader's cursor is one integer, two cursors
/// compare by `<`, and a cursor before ``start`` has fallen out of the log. A value of the channel's state, guarded by
/// its lock.
struct ChannelLog {
  /// The segments held, oldest first; the last one is appended to.
  private(set) var segments: [LogSegment] = []
  /// The position of the oldest block held, and of the next one published.
  private(set) var start: UInt64 = 0
  private(set) var end: UInt64 = 0
  /// The number of blocks published before those positions.
  private(set) var startOrdinal: UInt64 = 0
  private(set) var endOrdinal: UInt64 = 0
  private var allocatedBytes = 0
  /// Where the newest block of each key is, in a log whose slow readers get only those; nil in others.
  private(set) var newestByKey: [UInt64: UInt64]?

  /// What an event of a quiet channel fits into.
  private static let firstSegment = 128
  /// What others may have, however small the log's limit is.
  private static let smallestSegment = 512
  private static let largestSegment = 256 << 10

  init(isKeyed: Bool = false) { newestByKey = isKeyed ? [:] : nil }

  /// Appends a block. Amortized one allocation per segment; gives up what is beyond the limits. Its home is asked for
  /// only then: counting references to it for each block would cost more than the copying of the block.
  mutating func append(
    byteCount: Int, idHash: UInt32, key: UInt64 = 0, sequence: UInt64, now: Int64, limits: LogLimits,
    home: @autoclosure () -> LogHome, write: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    if segments.last?.hasRoom(for: byteCount) != true {
      addSegment(for: byteCount, sequence: sequence, now: now, limits: limits, home: home())
    }
    let segment = segments[segments.count - 1]
    segment.append(byteCount: byteCount, idHash: idHash, now: now, write: write)
    if newestByKey != nil {
      segment.append(key: key)
      if key != 0 { newestByKey?[key] = end }
    }
    end += UInt64(byteCount)
    endOrdinal += 1
    if let most = limits.events, endOrdinal - startOrdinal > UInt64(most) { trim(to: most, home: home()) }
  }

  /// Gives up the oldest segment.
  mutating func removeOldestSegment(home: LogHome) {
    let segment = segments.removeFirst()
    home.registry.remove(segment)
    allocatedBytes -= segment.capacity
    start = max(start, segment.end)
    startOrdinal = max(startOrdinal, segment.endOrdinal)
    guard newestByKey != nil else { return }
    for key in segment.keys {
      if let newest = newestByKey?[key], newest < segment.end { newestByKey?[key] = nil }
    }
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

  /// The bytes from a position, which is held, to the end of its segment or of the log.
  func bytes(from position: UInt64) -> EventStreamBytes {
    let segment = segment(at: position)
    return EventStreamBytes(segment, offset: Int(position - segment.start), count: Int(segment.end - position))
  }

  /// How many blocks were published before a position that is a block's boundary or within one, if it is still held.
  func ordinal(of position: UInt64) -> UInt64 {
    guard position < end else { return endOrdinal }
    guard position > start else { return startOrdinal }
    let segment = segment(at: position)
    return segment.firstOrdinal + UInt64(segment.blocks(endingBy: position))
  }

  /// The position where the newest block begins, if there is one.
  var newestBlock: UInt64? {
    guard endOrdinal > startOrdinal, let last = segments.last else { return nil }
    return last.end - UInt64(last.block(last.count - 1).count)
  }

  private mutating func addSegment(
    for byteCount: Int, sequence: UInt64, now: Int64, limits: LogLimits, home: LogHome
  ) {
    // Doubling suits the size to the traffic; a sixteenth of the limit keeps what is given up at once small.
    let largest = min(max(limits.bytes / 16, Self.smallestSegment), Self.largestSegment)
    let wanted = min(segments.last.map { $0.capacity * 2 } ?? Self.firstSegment, largest)
    let segment = LogSegment(
      capacity: max(wanted, byteCount + LogSegment.entrySize),
      start: end, firstOrdinal: endOrdinal, firstSequence: sequence, made: now, budget: home.budget
    )
    while allocatedBytes + segment.capacity > limits.bytes, !segments.isEmpty { removeOldestSegment(home: home) }
    allocatedBytes += segment.capacity
    segments.append(segment)
    home.registry.add(segment, owner: home.channel)
    // Blocks of an empty log begin where the segment does.
    if segments.count == 1 {
      start = end
      startOrdinal = endOrdinal
    }
  }

  private mutating func trim(to most: Int, home: LogHome) {
    let first = endOrdinal - UInt64(most)
    while segments.count > 1, segments[0].endOrdinal <= first { removeOldestSegment(home: home) }
    let segment = segments[0]
    startOrdinal = first
    let skipped = Int(first - segment.firstOrdinal)
    start = skipped == 0 ? segment.start : segment.start + UInt64(segment.entry(skipped - 1).end)
  }
}

/// Where a log's segments are accounted for.
struct LogHome {
  let channel: EventChannel
  let registry: SegmentRegistry
  let budget: MemoryBudget
}
