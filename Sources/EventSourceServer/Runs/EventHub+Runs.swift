import Synchronization

internal import EventSourceFormat

/// The hub's support for collections of runs.
extension EventHub {
  struct RunAppended {
    let id: EventID
    let byteCount: Int
    /// The memory of the run's log now.
    let allocatedBytes: Int
    let audiences: [LaneAudience]
  }

  /// Appends an event to a run's log, under the run's lock. Returns `nil` if the run was discarded.
  ///
  /// - Parameter isLast: Whether the run ends with it. Streams that have sent it then end.
  func append(_ prepared: PreparedEvent, toRun channel: EventChannel, isLast: Bool) -> RunAppended? {
    let ownID = prepared.event.id
    let prewritten = PrewrittenBlock.of(prepared, idPrefix: channel.idPrefix)
    let appended = channel.withState { state -> RunAppended? in
      guard !state.isRemoved else { return nil }
      let id = ownID ?? EventID(unchecked: channel.idPrefix + String(state.log.endOrdinal + 1))
      let byteCount = prepared.byteCount(with: id)
      state.log.append(
        byteCount: byteCount, id: ownID.map { EntryID(own: $0.rawValue) } ?? .generated, now: now,
        limits: state.rules.limits, prewritten: prewritten, owner: owner(of: channel)
      ) { memory in
        if let prewritten { return prewritten.finish(id, in: memory) }
        _ = EventStreamEncoder.write(prepared.event, id: id, to: memory)
      }
      if isLast { state.isEnded = true }
      return RunAppended(
        id: id, byteCount: byteCount, allocatedBytes: state.log.allocatedBytes, audiences: state.audiences)
    }
    if let appended { counters.published(bytes: appended.byteCount) }
    return appended
  }

  /// Marks a recorded run, whose last event is in its log, as ended. Returns the log's memory, and the lanes to notify.
  func endRun(_ channel: EventChannel) -> (allocatedBytes: Int, audiences: [LaneAudience]) {
    channel.withState { state in
      state.isEnded = true
      return (state.log.allocatedBytes, state.audiences)
    }
  }

  /// Notifies the lanes of events that were appended to a run.
  func announceRun(_ audiences: [LaneAudience], in channel: EventChannel) {
    for audience in audiences { audience.mark() }
    if budget.isExceeded { reclaim(for: channel) }
  }

  /// Removes a run that is no longer kept. Its viewers get the rest of its log, then the end.
  func removeRun(_ channel: EventChannel) {
    let hasReaders = channel.withState { state in
      state.isRemoved = true
      return !state.audiences.isEmpty
    }
    if hasReaders {
      post(toAllLanes: .remove(channel))
    } else {
      channel.evictAll(owner: owner(of: channel))
    }
  }

  /// Makes a lane check the runs at a given time. Wakes a lane if none would run by then.
  func noteRunDue(_ moment: Int64) {
    guard runDue.min(moment, ordering: .acquiringAndReleasing).oldValue > moment else { return }
    lanes.withLock { $0.first }?.post(.lookAtTime)
  }

  /// Checks the runs that are due, and returns when the next one is. Called by a lane at the end of each of its runs.
  func expireRuns() -> Int64 {
    guard runDue.load(ordering: .acquiring) <= now else { return runDue.load(ordering: .acquiring) }
    // Reset first, so that a time noted from now on is not lost.
    runDue.store(.never, ordering: .sequentiallyConsistent)
    for store in runStores.withLock({ $0.compactMap(\.store) }) {
      runDue.min(store.expire(now), ordering: .acquiringAndReleasing)
    }
    return runDue.load(ordering: .acquiring)
  }
}

extension EventHub {
  /// Appends an event of a run after its repository has recorded it.
  func appendRecorded(_ event: PreparedEvent, toRun channel: EventChannel) {
    let core = channel.run!
    let audiences = core.guarded.withLock { guarded -> [LaneAudience] in
      guard let appended = append(event, toRun: channel, isLast: false) else { return [] }
      core.store.charge(appended.allocatedBytes, &guarded)
      return appended.audiences
    }
    announceRun(audiences, in: channel)
  }
}
