/// A part of a log within one segment, from any position to the end of a block. It keeps the segment in memory and is
/// read without the channel's lock.
struct LogPiece {
  let segment: LogSegment
  let start: UInt64
  /// The block in which it begins, possibly in the middle, and the block after its last.
  let firstBlock: Int
  private(set) var endBlock: Int

  init(segment: LogSegment, start: UInt64, count: Int) {
    self.segment = segment
    self.start = start
    firstBlock = segment.blocks(endingBy: start, of: count)
    endBlock = count
  }

  var end: UInt64 { segment.start + UInt64(segment.offset(ofBlock: endBlock)) }
  var startOrdinal: UInt64 { segment.firstOrdinal + UInt64(firstBlock) }
  var endOrdinal: UInt64 { segment.firstOrdinal + UInt64(endBlock) }

  var bytes: EventStreamBytes {
    EventStreamBytes(segment, offset: Int(start - segment.start), count: Int(end - start))
  }

  /// Whether it begins at the beginning of a block.
  var isAtBoundary: Bool { segment.start + UInt64(segment.offset(ofBlock: firstBlock)) == start }

  /// Returns the part of it that has at most `most` bytes, but at least one block. A block larger than `large` is
  /// returned alone.
  func limited(to most: Int, large: Int) -> LogPiece {
    var limited = self
    limited.endBlock = firstBlock + 1
    guard segment.block(firstBlock).count <= large else { return limited }
    while limited.endBlock < endBlock {
      let next = segment.block(limited.endBlock).count
      guard next <= large, Int(limited.end - start) + next <= most else { break }
      limited.endBlock += 1
    }
    return limited
  }
}
