internal import EventSourceFormat

extension EventChannel {
  /// The result of reading from a position.
  enum Reading {
    /// There is nothing: the position is the log's end.
    case nothing
    /// The next bytes, up to the end of their segment, and the log's end.
    case piece(LogPiece, end: UInt64)
    /// The position is no longer retained.
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

  /// The source of events that the log no longer retains, or `nil` if there is none. A run's log retains everything.
  var replaySource: (any EventRepository)? { run == nil ? withState { $0.repository } : nil }

  func snapshot() -> LogSnapshot { withState { LogSnapshot($0.log) } }

  var logEnd: UInt64 { withState { $0.log.end } }

  /// The log's end.
  var endPlace: LogSnapshot.Place {
    withState { $0.log.endPlace }
  }

  /// Returns whether the channel's history has recorded every event of the log from a position on.
  func hasRecorded(from position: UInt64) -> Bool {
    withState { state in state.isRecorded && (state.history.map { $0.recordsFrom <= position } ?? false) }
  }

  func hasUnread(behind position: UInt64) -> Bool { logEnd > position }

  /// Returns the position of the newest event, if it is retained and not before `position`.
  func newestEvent(behind position: UInt64) -> UInt64? {
    withState { state in
      guard let newest = state.log.newestEvent, newest >= max(position, state.log.start) else { return nil }
      return newest
    }
  }

  /// Returns the claim of a reader that has everything up to the log's end, for its stream's composite ID.
  func claimAtEnd(_ state: State) -> ChannelClaim {
    let number = state.log.endOrdinal
    if let id = state.newestOwnID { return .own(id.rawValue, number: number) }
    // The shared history has never had an event. The log may contain comments.
    if state.follower?.isFollowing == true { return .beginning }
    guard state.log.newestEvent == nil, state.recorder is any NewestEventReporting else { return .number(number) }
    // No event was published in this life, but the history may hold some, after whose newest the reader can resume even
    // after a restart. If it is known to be empty, the reader is at the beginning.
    return state.newestOfHistory == .known ? .beginning : .unknown
  }
}

/// Eviction.
extension EventChannel {
  /// Evicts a segment if it is the oldest retained one and every lane has offered all of it. As a last resort, evicts
  /// it even if it has not been offered.
  ///
  /// - Returns: Whether the segment was evicted.
  func evict(_ segment: LogSegment, owner: LogOwner, isLastResort: Bool = false) -> Bool {
    withState { state in
      guard state.log.segments.first === segment else { return false }
      let end = segment.end
      guard isLastResort || state.audiences.allSatisfy({ $0.offeredEnd >= end }) else { return false }
      state.log.removeOldestSegment(owner: owner)
      return true
    }
  }

  /// Evicts the oldest segment, offered or not, if there are several.
  ///
  /// - Returns: Whether there were several.
  func evictOldest(owner: LogOwner) -> Bool {
    // A run is retained whole.
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
