import Synchronization

internal import EventSourceFormat

/// The events of a run in a shared history: their order is that of the history, in the producer's process too. The
/// first end in this order is the run's, and what comes after it belongs to no run.
extension RunStore {
  private static let batchEvents = 256
  private static let batchBytes = 64 << 10

  /// Appends an event of the history to the log, unless the log has it or the run has ended.
  func accept(_ event: PreparedEvent?, at position: SharedPosition, in channel: EventChannel) {
    let subject = subject(channel)
    let effects = channel.run!.guarded.withLock { take(event, position, channel, subject, &$0) }
    perform(effects, on: channel)
    openBehind(channel)
  }

  /// Appends the next event that the hub has received for a followed run. Returns `false` if there is none.
  func takeNext(of channel: EventChannel) -> Bool {
    let subject = subject(channel)
    let effects = channel.run!.guarded.withLock { guarded -> Effects? in
      guard let (position, event) = channel.withState({ $0.popFollowed() }) else { return nil }
      guarded.liveness.seesSign()
      return take(event.prepared, position, channel, subject, &guarded)
    }
    guard let effects else { return false }
    perform(effects, on: channel)
    openBehind(channel)
    // The memory of a run of another process cannot wait.
    if !room.fits(0), !makeRoom(for: 0) { apply(.discard, to: channel) }
    return true
  }

  /// Opens the streams of viewers that wait until the log has their last event. A run that is still being read is not
  /// in the table, and requests for it wait on.
  private func openBehind(_ channel: EventChannel) {
    guard hub.waitingRequests.load(ordering: .sequentiallyConsistent) > 0, self.channel(channel.run!.id) === channel
    else {
      return
    }
    openWaiting(channel)
  }

  /// Called under the run's lock.
  private func take(
    _ event: PreparedEvent?, _ position: SharedPosition, _ channel: EventChannel, _ subject: Run?,
    _ guarded: inout RunCore.Guarded
  ) -> Effects {
    let core = channel.run!
    guard !guarded.isSealed, guarded.state.phase != .gone, position > guarded.position ?? .beginning else {
      return Effects()
    }
    guarded.position = position
    // Without this event the run is not complete. The configurations of the processes differ.
    guard let event else { return transit(.discard, channel, subject, &guarded, []) }
    let outcome = RunEvents.outcome(of: event.event, run: core.id)
    var effects = Effects()
    if let appended = hub.append(event, toRun: channel, isLast: outcome != nil) {
      charge(appended.allocatedBytes, &guarded)
      effects.audiences = appended.audiences
      if core.isFollowed {
        guarded.byteCount += appended.byteCount
        let number = event.event.id.flatMap { RunCore.number(in: $0.rawValue, prefix: channel.idPrefix) }
        guarded.numbered = max(guarded.numbered + 1, number ?? 0)
      }
    }
    let recorded = guarded.take { $0.awaited == .recording }
    if let outcome { effects = transit(.foundEnd(outcome), channel, subject, &guarded, effects.audiences) }
    effects.waiters += recorded
    return effects
  }

  /// Handles a batch of this process's run that is in the shared history. Its events come next in the order unless
  /// another process has recorded something, or it is unknown whether an earlier batch was recorded. Then the history
  /// tells what comes before it.
  func recorded(
    _ batch: [Publication], at places: [SharedPlace], of channel: EventChannel, by repository: any SharedEventRepository
  ) async throws {
    let core = channel.run!
    let isNext = core.guarded.withLock { guarded in
      guard let position = guarded.position else { return !guarded.hasRefusedBatch }
      return places[0].position <= position || places[0].position == position.next
    }
    if !isNext {
      do {
        try await catchUp(channel, from: repository)
      } catch {
        hub.log(.error, "a shared history could not be read after an event was recorded") {
          [("run", channel.name.rawValue), ("error", "\(error)")]
        }
        throw PublishError.outcomeUnknown(channel.name)
      }
    }
    for (publication, place) in zip(batch, places) {
      accept(publication.event.identified(by: place.id), at: place.position, in: channel)
      let (end, outcome) = core.guarded.withLock { ($0.isSealed ? $0.position : nil, $0.state.outcome) }
      if let end, place.position > end {
        publication.finish(.failure(RunError.ended(outcome ?? .interrupted)))
      } else {
        publication.finish(.success(place.id))
      }
    }
  }

  /// Appends everything that the shared history has and the log of this process's run has not.
  func catchUp(_ channel: EventChannel, from repository: any SharedEventRepository) async throws {
    let core = channel.run!
    while true {
      let (position, isOver) = core.guarded.withLock { ($0.position, $0.isSealed || $0.state.phase == .gone) }
      if isOver { return }
      let answer = try await repository.events(
        after: position ?? .beginning, in: channel.name, maximumEvents: Self.batchEvents,
        maximumBytes: Self.batchBytes)
      guard case .contiguous(let events) = answer else {
        // No other process can show the whole run any more.
        apply(.fail("a part of its history was lost"), to: channel)
        return
      }
      if events.isEmpty { return }
      for event in events { accept(try? hub.prepare(event.event, key: nil), at: event.position, in: channel) }
    }
  }
}

/// Viewers that come from a process that is ahead.
extension RunStore {
  /// Returns whether the event with this ID may be in the shared history of a run and not yet in its log.
  func isBehind(_ id: String, _ name: ChannelName) -> Bool {
    guard shared != nil, let channel = channel(named: name), let core = channel.run else { return false }
    let isComplete = core.guarded.withLock { $0.isSealed || $0.state.phase == .gone }
    return !isComplete && RunCore.place(after: id, in: channel.snapshot(), prefix: channel.idPrefix) == nil
  }

  /// Searches the shared history for an event that a viewer has, and notifies its lane.
  func catchUp(
    _ name: ChannelName, _ id: String, _ search: RunCatchUp, for session: EventStreamSession, on lane: LaneMailbox
  ) {
    guard let shared, let channel = channel(named: name), let core = channel.run else {
      search.finish()
      lane.post(.opened(name))
      return
    }
    Task(executorPreference: hub.configuration.taskExecutor) { [self] in
      do {
        if core.isFollowed {
          let isComing = try await isComing(id, in: channel, shared)
          hub.searchEnd(of: channel)
          if !isComing { search.finish() }
        } else {
          try await catchUp(channel, from: shared)
          search.finish()
        }
        lane.post(.opened(name))
      } catch {
        hub.log(.error, "a run could not be read from its history") { [("run", name.rawValue), ("error", "\(error)")] }
        lane.post(.runIsMissing(name, session, hasFailed: true))
      }
    }
  }

  /// Returns whether the history has an event with this ID after what the hub has received.
  private func isComing(
    _ id: String, in channel: EventChannel, _ shared: any SharedEventRepository
  ) async throws -> Bool {
    // The log has every event up to here: both change under the run's lock.
    var position = channel.run!.guarded.withLock { $0.position } ?? .beginning
    while case .contiguous(let events) = try await shared.events(
      after: position, in: channel.name, maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes),
      let last = events.last
    {
      if events.contains(where: { $0.event.id?.rawValue.utf8.elementsEqual(id.utf8) == true }) { return true }
      position = last.position
    }
    // The log may have received it since.
    return RunCore.place(after: id, in: channel.snapshot(), prefix: channel.idPrefix) != nil
  }
}

/// Runs that another process produces.
extension RunStore {
  /// Reads a run from the shared history, and follows it if it has not ended. Returns whether there is such a run.
  func readShared(_ id: String, from repository: any SharedEventRepository) async throws -> Bool {
    let channel = makeChannel(id, RunCore(followed: id, store: self))
    do {
      guard try await readOn(channel, repository) else {
        release(channel)
        return false
      }
      if channel.run!.state.isActive {
        try await follow(channel, repository)
        _ = try await readOn(channel, repository)
      }
      try insertFollowed(channel)
    } catch {
      stopFollowing(channel)
      release(channel)
      throw error
    }
    reschedule(channel)
    openWaiting(channel)
    return true
  }

  /// Reads the events that the log does not have, until the run's end. Returns whether the history has the run.
  private func readOn(_ channel: EventChannel, _ repository: any SharedEventRepository) async throws -> Bool {
    let core = channel.run!
    while true {
      let (position, isOver) = core.guarded.withLock { ($0.position, !$0.state.isActive) }
      if isOver { return true }
      let answer = try await repository.events(
        after: position ?? .beginning, in: channel.name, maximumEvents: Self.batchEvents,
        maximumBytes: Self.batchBytes)
      guard case .contiguous(let events) = answer else { throw RunError.incompleteHistory(core.id) }
      if events.isEmpty { return position != nil }
      for event in events {
        let prepared = try hub.prepare(event.event, key: nil)
        let number = event.event.id.flatMap { RunCore.number(in: $0.rawValue, prefix: channel.idPrefix) }
        if core.guarded.withLock({ $0.position == nil }), let number, number != 1 {
          throw RunError.incompleteHistory(core.id)
        }
        guard room.fits(prepared.byteCount) || makeRoom(for: prepared.byteCount) else {
          throw RunError.overBudget(limit: room.limit)
        }
        accept(prepared, at: event.position, in: channel)
      }
    }
  }

  /// Begins to receive the events that the producer's process records.
  private func follow(_ channel: EventChannel, _ repository: any SharedEventRepository) async throws {
    guard let follower = hub.makeFollower(repository) else { return }
    let feed = EventFeed(channel, of: hub)
    let position = channel.run!.guarded.withLock { $0.position } ?? .beginning
    channel.withState { state in
      state.history = ChannelHistory(repository, follower: follower)
      // It is followed until it is discarded or has ended, whether or not it has viewers.
      follower.waitingRequests = 1
      follower.begin(feed: feed)
      follower.anchored(at: position)
    }
    defer { if !feed.isInUse { repository.unfollow(channel.name, feed: feed) } }
    try await repository.follow(channel.name, into: feed)
    // What was recorded before the feed began.
    channel.withState { $0.follower?.order.mayHaveLost() }
  }

  private func insertFollowed(_ channel: EventChannel) throws {
    let core = channel.run!
    guard core.state.phase != .gone else { throw RunError.overBudget(limit: room.limit) }
    try insert(channel, core.state.outcome)
    table.withLock { table in
      // It may have been discarded or have ended meanwhile.
      if core.state.phase == .gone, table.runs[core.id] === channel { table.runs[core.id] = nil }
      if core.state.isActive, table.runs[core.id] === channel { table.followed[core.id] = channel }
    }
    retainControl(channel)
    guard core.state.isActive else { return stopFollowing(channel) }
    // The producer's process stops a run that nobody is said to watch.
    if configuration.unwatchedLimit != nil { send([.ask([core.id])]) }
    hub.requestLook(at: channel)
    hub.noteRunDue(.min)
  }

  /// Follows the control channel until the run has ended.
  func retainControl(_ channel: EventChannel) {
    guard let control else { return }
    control.retain()
    let isUser = channel.run!.guarded.withLock { guarded in
      if !guarded.isSealed, guarded.state.phase != .gone { guarded.usesControl = true }
      return guarded.usesControl
    }
    if !isUser { control.release() }
  }

  /// Stops following a run that has ended or was discarded, and releases the control channel.
  func stopFollowing(_ channel: EventChannel) {
    let core = channel.run!
    let follower = channel.withState { state -> ChannelFollower? in
      guard let follower = state.follower else { return nil }
      follower.waitingRequests = 0
      state.history = history
      return follower
    }
    if let follower { hub.stopFollowing(channel, follower) }
    table.withLock { table in
      if table.followed[core.id] === channel { table.followed[core.id] = nil }
    }
    releaseControl(channel)
  }

  func releaseControl(_ channel: EventChannel) {
    let isUser = channel.run!.guarded.withLock { guarded in
      defer { guarded.usesControl = false }
      return guarded.usesControl
    }
    if isUser { control?.release() }
  }

  /// Handles a shared history that no longer has what follows in a run of another process. Its viewers are
  /// disconnected. When they return, the history is read again.
  func lostHistory(of channel: EventChannel) {
    hub.log(.warning, "a shared history no longer has a part of a run; its viewers are disconnected") {
      [("run", channel.name.rawValue)]
    }
    apply(.discard, to: channel)
  }
}
