import Synchronization

internal import EventSourceFormat

/// What a hub does for the runs of its collections.
extension EventHub {
  struct RunAppended {
    let id: EventID
    let byteCount: Int
    /// What the run's log occupies now.
    let allocatedBytes: Int
    let audiences: [LaneAudience]
  }

  /// Appends an event to a run's log, under the run's lock; nil: the run was discarded.
  ///
  /// - Parameter isLast: The run is over: streams that have the event end.
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

  /// The last event of a recorded run is in its log: what that occupies, and who reads it.
  func endRun(_ channel: EventChannel) -> (allocatedBytes: Int, audiences: [LaneAudience]) {
    channel.withState { state in
      state.isEnded = true
      return (state.log.allocatedBytes, state.audiences)
    }
  }

  /// Tells the lanes of what was appended to a run.
  func announceRun(_ audiences: [LaneAudience], in channel: EventChannel) {
    for audience in audiences { audience.mark() }
    if budget.isExceeded { reclaim(for: channel) }
  }

  /// A run is not kept any more. Its viewers get what its log has, then the end.
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

  /// Has a lane look at the runs at a moment. If none would have, one is woken.
  func noteRunDue(_ moment: Int64) {
    guard runDue.min(moment, ordering: .acquiringAndReleasing).oldValue > moment else { return }
    lanes.withLock { $0.first }?.post(.lookAtTime)
  }

  /// A lane's thread, at the end of each run: looks at the runs that are due; when the next one is.
  func expireRuns() -> Int64 {
    guard runDue.load(ordering: .acquiring) <= now else { return runDue.load(ordering: .acquiring) }
    // First, so that what is noted from now on counts.
    runDue.store(.never, ordering: .sequentiallyConsistent)
    for store in runStores.withLock({ $0.compactMap(\.store) }) {
      runDue.min(store.expire(now), ordering: .acquiringAndReleasing)
    }
    return runDue.load(ordering: .acquiring)
  }
}

extension EventHub {
  /// Publishes an event of a run that its repository has.
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
