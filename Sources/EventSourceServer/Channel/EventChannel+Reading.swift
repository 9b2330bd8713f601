internal import EventSourceFormat

extension EventChannel {
  /// What there is behind a position.
  enum Reading {
    /// Nothing: it is the log's end.
    case nothing
    /// The next bytes, to the end of their segment, and where the log ends.
    case piece(LogPiece, end: UInt64)
    /// The position is no longer held.
    case evicted
  }

  func read(from position: UInt64) -> Reading {
    withState { state in
      guard position < state.log.end else { return .nothing }
      guard position >= state.log.start else { return .evicted }
      let segment = state.log.segment(at: position)
      return .piece(LogPiece(segment: segment, start: position, count: segment.count), end: state.log.end)
    }
  }

  /// What holds events that the log no longer has; nil: nothing does. A run's log has everything.
  var replaySource: (any EventRepository)? { run == nil ? withState { $0.repository } : nil }

  func snapshot() -> LogSnapshot { withState { LogSnapshot($0.log) } }

  var logEnd: UInt64 { withState { $0.log.end } }

  func hasUnread(behind position: UInt64) -> Bool { logEnd > position }

  /// Where the newest event begins, if it is held, behind a position.
  func newestEvent(behind position: UInt64) -> UInt64? {
    withState { state in
      guard let newest = state.log.newestEvent, newest >= max(position, state.log.start) else { return nil }
      return newest
    }
  }

  /// What a reader knows that has everything up to the log's end, as the composite ID of its stream says it.
  func claimAtEnd(_ state: State) -> ChannelClaim {
    let number = state.log.endOrdinal
    if let id = state.newestOwnID { return .own(id.rawValue, number: number) }
    // The shared history has never had an event; the log may have comments.
    if state.follower?.isFollowing == true { return .beginning }
    guard number == 0, state.history != nil else { return .number(number) }
    // Nothing was published in this life, and a history may hold events: of one without any, the reader has nothing.
    return state.newestOfHistory == .known ? .beginning : .unknown
  }
}

/// Eviction.
extension EventChannel {
  /// Evicts a segment if it is the oldest one held and, unless it is a last resort, every lane has offered all of it;
  /// whether it did.
  func evict(_ segment: LogSegment, owner: LogOwner, isLastResort: Bool = false) -> Bool {
    withState { state in
      guard state.log.segments.first === segment else { return false }
      let end = segment.end
      guard isLastResort || state.audiences.allSatisfy({ $0.offeredEnd >= end }) else { return false }
      state.log.removeOldestSegment(owner: owner)
      return true
    }
  }

  /// Evicts the oldest of several segments, offered or not; whether there were several.
  func evictOldest(owner: LogOwner) -> Bool {
    // A run is kept whole.
    guard run == nil else { return false }
    return withState { state in
      guard state.log.segments.count > 1 else { return false }
      state.log.removeOldestSegment(owner: owner)
      return true
    }
  }

  func evictAll(owner: LogOwner) {
    withState { state in
      while !state.log.segments.isEmpty { state.log.removeOldestSegment(owner: owner) }
    }
  }
}
