internal import EventSourceFormat

/// A snapshot of a log, for finding IDs without the channel's lock. It keeps the segments in memory.
struct LogSnapshot {
  let start: UInt64
  let end: UInt64
  let startOrdinal: UInt64
  let endOrdinal: UInt64
  /// The position after the last cut. Events from before it may be published again after it.
  let lastCut: UInt64
  let newestEvicted: EvictedEvent
  private let newestEventPosition: UInt64?
  private let segments: [LogSegment]
  /// The number of blocks in the last segment. Earlier segments no longer change.
  private let lastCount: Int

  /// Call under the channel's lock.
  init(_ log: ChannelLog) {
    start = log.start
    end = log.end
    startOrdinal = log.startOrdinal
    endOrdinal = log.endOrdinal
    newestEvicted = log.newestEvicted
    newestEventPosition = log.newestEvent
    lastCut = log.lastCut
    segments = log.segments
    lastCount = log.segments.last?.count ?? 0
  }

  /// A position between two blocks, and the number of blocks before it.
  struct Place: Equatable {
    var position: UInt64
    var ordinal: UInt64
  }

  /// The place before everything that is retained.
  var startPlace: Place { Place(position: start, ordinal: startOrdinal) }
  /// The place after everything that was published.
  var endPlace: Place { Place(position: end, ordinal: endOrdinal) }

  /// Returns the place after the event with a number, if all later events are retained. A binary search.
  ///
  /// - Parameter id: The ID that the event must have if it was generated.
  func place(after number: UInt64, id: String) -> Place? {
    guard number >= startOrdinal, number <= endOrdinal else { return nil }
    guard number > startOrdinal else { return Place(position: start, ordinal: number) }
    let index = segments.lastIndex { $0.firstOrdinal < number }
    guard let index else { return nil }
    let segment = segments[index]
    let block = Int(number - segment.firstOrdinal) - 1
    if segment.entry(block).id == .generated, !EventBlock.id(of: segment.block(block)).elementsEqual(id.utf8) {
      return nil
    }
    return place(behind: block, in: segment)
  }

  /// Returns the place after the event with a number, if it has this ID and all later events are retained; 0 is the
  /// beginning.
  func place(after number: UInt64, exactly id: String) -> Place? {
    guard number > 0 else { return startOrdinal == 0 ? Place(position: start, ordinal: 0) : nil }
    guard number > startOrdinal, number <= endOrdinal,
      let index = segments.lastIndex(where: { $0.firstOrdinal < number })
    else { return nil }
    let block = Int(number - segments[index].firstOrdinal) - 1
    guard EventBlock.id(of: segments[index].block(block)).elementsEqual(id.utf8) else { return nil }
    return place(behind: block, in: segments[index])
  }

  /// Returns the place after the newest event with this application ID, if all later events are retained. Two or three
  /// memory accesses per segment.
  func place(afterOwn id: String) -> Place? {
    block(withOwn: id).flatMap { place(behind: $0.block, in: $0.segment) }
  }

  /// Returns the same place, but only if that event has this encoding: another may have the same ID.
  func place(afterOwn id: String, encodedAs hash: BlockHash) -> Place? {
    guard let (segment, block) = block(withOwn: id), BlockHash(segment.block(block)) == hash else { return nil }
    return place(behind: block, in: segment)
  }

  /// Returns whether the newest event is after a position and no longer retained.
  func hasEvictedNewestEvent(behind position: UInt64) -> Bool {
    newestEventPosition.map { $0 >= position && $0 < start } ?? false
  }

  /// The beginning of the newest event if it is retained, otherwise the log's end.
  var newestEvent: Place? {
    guard let position = newestEventPosition, position >= start,
      let segment = segments.last(where: { $0.start <= position })
    else { return end > start ? nil : endPlace }
    let count = segment === segments.last ? lastCount : segment.count
    return Place(
      position: position, ordinal: segment.firstOrdinal + UInt64(segment.blocks(endingBy: position, of: count)))
  }

  /// The ID of the oldest retained block. `nil` if there is none or it is a comment.
  var oldestID: String? { id(at: start) }

  /// The ID of the oldest retained event, or `nil` if there is none. Linear in the comments before it.
  var oldestEventID: String? {
    for (index, segment) in segments.enumerated() {
      let count = count(of: index)
      for block in segment.blocks(endingBy: max(start, segment.start), of: count)..<count
      where segment.entry(block).id != .none {
        return String(decoding: EventBlock.id(of: segment.block(block)), as: UTF8.self)
      }
    }
    return nil
  }

  /// Returns the ID of the block at a position. `nil` if there is none or it is a comment.
  func id(at position: UInt64) -> String? {
    guard position >= start, position < end, let index = segments.lastIndex(where: { $0.start <= position }) else {
      return nil
    }
    let segment = segments[index]
    let block = segment.blocks(endingBy: position, of: count(of: index))
    guard segment.entry(block).id != .none else { return nil }
    return String(decoding: EventBlock.id(of: segment.block(block)), as: UTF8.self)
  }

  private func block(withOwn id: String) -> (segment: LogSegment, block: Int)? {
    id.withBytes { id in
      let entryID = EntryID(own: id)
      for index in segments.indices.reversed() {
        if let block = segments[index].newestBlock(withID: id, entryID, count: count(of: index)) {
          return (segments[index], block)
        }
      }
      return nil
    }
  }

  private func place(behind block: Int, in segment: LogSegment) -> Place? {
    let position = segment.start + UInt64(segment.entry(block).end)
    return position >= start ? Place(position: position, ordinal: segment.firstOrdinal + UInt64(block) + 1) : nil
  }

  private func count(of index: Int) -> Int {
    index == segments.count - 1 ? lastCount : segments[index].count
  }
}

extension ChannelLog {
  /// The place after everything that was published.
  var endPlace: LogSnapshot.Place { LogSnapshot.Place(position: end, ordinal: endOrdinal) }
}
