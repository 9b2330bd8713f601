import Synchronization

/// The channel of a run. Guarded by the store's lock.
extension EventChannel: DeadlineHeapMember {
  var deadline: Int64 { run?.due ?? .never }
  var heapIndex: Int {
    get { run?.heapIndex ?? -1 }
    set { run?.heapIndex = newValue }
  }
}

/// Deadlines of runs. Lanes provide the time: whenever a lane runs, it checks the runs that are due.
extension RunStore {
  /// Updates a run's place in the schedules after a change of its deadline.
  func reschedule(_ channel: EventChannel) {
    let core = channel.run!
    let due = table.withLock { table -> Int64 in
      guard table.runs[core.id] === channel, !table.isClosed else { return .never }
      let state = core.state
      table.active.remove(channel)
      table.retained.remove(channel)
      switch state.deadline(rules) {
      case .never: return .never
      case .unknown:
        if !core.isPending {
          core.isPending = true
          table.pending.append(channel)
        }
        return .min
      case .at(let moment):
        core.due = moment
        state.isIdle ? table.retained.update(channel) : table.active.update(channel)
        return moment
      }
    }
    if due != .never { hub.noteRunDue(due) }
  }

  /// Checks the runs that are due, and returns when the next one is. Called on a lane's thread.
  func expire(_ now: Int64) -> Int64 {
    while true {
      let due = table.withLock { table -> [EventChannel] in
        var due = table.pending
        table.pending = []
        for channel in due { channel.run!.isPending = false }
        while let first = table.active.popFirst(at: now) { due.append(first) }
        while let first = table.retained.popFirst(at: now) { due.append(first) }
        return due
      }
      guard !due.isEmpty else { break }
      for channel in due { apply(.look, to: channel) }
    }
    let (next, wanted) = room.expire(now)
    if let wanted { _ = makeRoom(for: wanted) }
    return min(next, lookAtFollowed(now), table.withLock { min($0.active.earliest, $0.retained.earliest) })
  }

  /// Discards runs in the order in which they ended, until `bytes` more bytes fit. Returns whether they fit.
  func makeRoom(for bytes: Int) -> Bool {
    while !room.fits(bytes) {
      guard let oldest = table.withLock({ oldestEnded($0) }) else { return false }
      apply(.discard, to: oldest)
    }
    return true
  }

  /// Returns the run without viewers that ended first, or `nil` if there is none. A run that no lane has checked since
  /// its end comes last.
  func oldestEnded(_ table: borrowing Table) -> EventChannel? {
    table.retained.first
      ?? table.pending.first { $0.run!.state.isIdle }
  }

  /// Stops and discards all runs.
  func close() {
    let channels = table.withLock { table -> [EventChannel] in
      table.isClosed = true
      // They refer to this store, and perhaps no lane will check them any more.
      for channel in table.pending { channel.run!.isPending = false }
      table.pending = []
      return Array(table.runs.values)
    }
    for channel in channels {
      apply(.stop(.closed), to: channel)
      channel.recording?.close()
      apply(.discard, to: channel)
    }
    control?.close()
    hub.followTimers.removeChannels(of: self)
    room.close()
  }
}
