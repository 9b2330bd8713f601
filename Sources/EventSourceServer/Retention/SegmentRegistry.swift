import Synchronization

/// All segments of the hub's logs in order of creation, so that the oldest is evicted first when the byte budget or the
/// maximum age is exceeded.
///
/// Lock order: a channel's lock is acquired before this one, never after it.
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

  /// Removes a segment, unless it has been removed before.
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

  /// Returns the oldest segment and its channel.
  func oldest() -> (segment: LogSegment, owner: EventChannel)? {
    ends.withLock { ends in
      guard let segment = ends.oldest, let owner = segment.owner else { return nil }
      return (segment, owner)
    }
  }

  /// Returns the `most` oldest segments.
  func oldest(_ most: Int) -> [(segment: LogSegment, owner: EventChannel)] {
    var count = 0
    return oldest { _ in
      count += 1
      return count <= most
    }
  }

  /// Whether there is more than one segment.
  var hasSeveral: Bool { ends.withLock { $0.oldest !== $0.newest } }

  /// Returns the oldest segments for which `isCandidate` is `true`, up to the first for which it is `false`.
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
