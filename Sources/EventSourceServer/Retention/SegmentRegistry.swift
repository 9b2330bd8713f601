import Synchronization

/// Every segment that a log of the hub holds, in the order of their making, so that the oldest can be evicted first
/// when the hub's byte budget is exceeded or their age is.
///
/// Lock order: a channel's lock is taken before this one, never after it.
final class SegmentRegistry: Sendable {
  private struct Ends {
    var oldest: LogSegment?
    var newest: LogSegment?
  }

  private let ends = Mutex(Ends())

  func add(_ segment: LogSegment, owner: EventChannel) {
    ends.withLock { ends in
      segment.owner = owner
      segment.older = ends.newest
      if let newest = ends.newest { newest.newer = segment } else { ends.oldest = segment }
      ends.newest = segment
    }
  }

  /// Takes a segment out; one that is not in is left alone.
  func remove(_ segment: LogSegment) {
    ends.withLock { ends in
      guard segment.owner != nil else { return }
      if let older = segment.older { older.newer = segment.newer } else { ends.oldest = segment.newer }
      if let newer = segment.newer { newer.older = segment.older } else { ends.newest = segment.older }
      segment.older = nil
      segment.newer = nil
      segment.owner = nil
    }
  }

  /// The oldest segment and its channel.
  func oldest() -> (segment: LogSegment, owner: EventChannel)? {
    ends.withLock { ends in
      guard let segment = ends.oldest, let owner = segment.owner else { return nil }
      return (segment, owner)
    }
  }

  /// So many of the oldest.
  func oldest(_ most: Int) -> [(segment: LogSegment, owner: EventChannel)] {
    var count = 0
    return oldest { _ in
      count += 1
      return count <= most
    }
  }

  /// Whether there is more than one.
  var hasSeveral: Bool { ends.withLock { $0.oldest !== $0.newest } }

  /// The segments made before anything that is still wanted, oldest first; `isCandidate` sees each in turn and ends the
  /// search at the first one that it refuses.
  func oldest(while isCandidate: (LogSegment) -> Bool) -> [(segment: LogSegment, owner: EventChannel)] {
    ends.withLock { ends in
      var found: [(segment: LogSegment, owner: EventChannel)] = []
      var next = ends.oldest
      while let segment = next, let owner = segment.owner, isCandidate(segment) {
        found.append((segment, owner))
        next = segment.newer
      }
      return found
    }
  }
}
