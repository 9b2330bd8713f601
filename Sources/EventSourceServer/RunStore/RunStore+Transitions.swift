import Synchronization

internal import EventSourceFormat

/// Transitions between states of a run, and their effects.
extension RunStore {
  /// The effects that are performed outside of the run's lock.
  struct Effects {
    var effect = RunState.Effect.nothing
    /// The audiences to notify of appended events.
    var audiences: [LaneAudience] = []
    /// Whether the run's last event is in its log.
    var isSealed = false
    /// The last event of a recorded run, which is being recorded.
    var recordedEnd: (Publication, RecordingQueue)?
    var task: Task<Void, Never>?
    var waiters: [RunWaiter] = []
    var refund = 0
    /// Whether the run had not ended before.
    var wasActive = false
  }

  /// Returns the run for the observer, or `nil` if there is no observer. The run retains the collection, whose
  /// deallocation takes locks, so it must be released outside of the run's lock.
  func subject(_ channel: EventChannel) -> Run? { feed == nil ? nil : run(channel) }

  /// Changes the state, and appends the last event in the same step, so that nothing is appended after it.
  ///
  /// - Parameters:
  ///   - run: The result of ``subject(_:)``, called before the lock was taken.
  ///   - audiences: The audiences to notify of events that the caller has appended under this lock.
  func transit(
    _ input: RunState.Input, _ channel: EventChannel, _ run: Run?, _ guarded: inout RunCore.Guarded,
    _ audiences: [LaneAudience]
  ) -> Effects {
    var effects = Effects(audiences: audiences)
    effects.wasActive = guarded.state.isActive
    effects.effect = guarded.state.apply(input, at: hub.now, rules)
    let viewers = guarded.state.viewers
    if let feed, let run {
      switch (input, effects.effect) {
      case (.viewerCame, _): feed.append(.viewerJoined(run, viewers: viewers))
      case (.viewerLeft, _): feed.append(.viewerLeft(run, viewers: viewers))
      case (_, .askToStop(let reason)): feed.append(.stopRequested(run, reason))
      case (_, .end(let outcome)):
        if case .stopped(let reason) = outcome, guarded.wasNotAsked { feed.append(.stopRequested(run, reason)) }
        feed.append(.ended(run, outcome))
      case (_, .ended(let outcome)): if effects.wasActive, run.isProducedHere { feed.append(.ended(run, outcome)) }
      case (_, .discard): feed.append(.discarded(run))
      default: break
      }
    }
    switch effects.effect {
    case .nothing: break
    case .askToStop:
      guarded.wasNotAsked = false
      effects.task = guarded.task
      effects.waiters = guarded.take { $0.awaited == .stopRequest }
    case .end(let outcome):
      if case .stopped = outcome { effects.task = guarded.task }
      guarded.task = nil
      effects.waiters = guarded.take { $0.awaited == .stopRequest }
      seal(channel, outcome, &guarded, &effects)
    case .ended:
      effects.task = guarded.task
      guarded.task = nil
      guarded.isSealed = true
      effects.isSealed = true
      effects.waiters = guarded.take { _ in true }
    case .discard:
      effects.task = guarded.task
      guarded.task = nil
      effects.waiters = guarded.take { _ in true }
      effects.refund = guarded.chargedBytes
      guarded.chargedBytes = 0
    }
    return effects
  }

  /// Writes the last event. It does not wait for memory.
  private func seal(
    _ channel: EventChannel, _ outcome: RunOutcome, _ guarded: inout RunCore.Guarded, _ effects: inout Effects
  ) {
    let core = channel.run!
    let event = RunEvents.end(core.id, outcome)
    guard let prepared = try? hub.prepare(event, key: nil) else { preconditionFailure("JSON in one line") }
    if core.isRecorded, let recorded = try? record(prepared, of: channel, &guarded) {
      effects.recordedEnd = recorded
      return
    }
    _ = guarded.state.apply(.recorded, at: hub.now, rules)
    var last = prepared
    if core.isRecorded {
      guarded.numbered += 1
      last = unrecorded(prepared, channel, guarded)
    }
    if let appended = append(last, to: channel, &guarded, isLast: true) { effects.audiences = appended.audiences }
    guarded.isSealed = true
    effects.isSealed = true
    effects.waiters += guarded.take { _ in true }
  }

  /// Performs the effects. Called outside of the run's lock.
  func perform(_ effects: Effects, on channel: EventChannel) {
    let core = channel.run!
    hub.announceRun(effects.audiences, in: channel)
    if effects.isSealed { for audience in effects.audiences { audience.mailbox.post(.runEnded(channel)) } }
    effects.task?.cancel()
    for waiter in effects.waiters { waiter.resume() }
    switch effects.effect {
    case .end(let outcome):
      table.withLock { $0.ended[outcome.name, default: 0] += 1 }
      room.wake(core)
      if let (publication, queue) = effects.recordedEnd {
        sealWhenRecorded(channel, outcome, publication, queue)
      } else {
        releaseControl(channel)
      }
    case .ended(let outcome):
      table.withLock { table in
        guard effects.wasActive, table.runs[core.id] === channel, !core.isFollowed || outcome == .interrupted else {
          return
        }
        table.ended[outcome.name, default: 0] += 1
      }
      room.wake(core)
      stopFollowing(channel)
    case .discard: discard(channel, refund: effects.refund)
    case .nothing, .askToStop: break
    }
    if effects.effect != .discard { reschedule(channel) }
    feed?.run()
  }

  /// Ends a recorded run once its end is recorded. If it cannot be recorded, the viewers of this process get the end
  /// anyway, and the run is interrupted in the history.
  private func sealWhenRecorded(
    _ channel: EventChannel, _ outcome: RunOutcome, _ publication: Publication, _ queue: RecordingQueue
  ) {
    Task(executorPreference: hub.configuration.taskExecutor) { [self] in
      var isRecorded = true
      do {
        _ = try await queue.result(of: publication)
      } catch {
        isRecorded = false
        // The history may have it nevertheless, or an end of another process.
        if let shared, case PublishError.outcomeUnknown = error { try? await catchUp(channel, from: shared) }
        hub.log(.error, "the end of a run was not recorded") {
          [("run", channel.name.rawValue), ("error", "\(error)")]
        }
      }
      let core = channel.run!
      let (audiences, waiters) = core.guarded.withLock { guarded -> ([LaneAudience], [RunWaiter]) in
        guard !guarded.isSealed else { return ([], []) }
        var audiences: [LaneAudience] = []
        if isRecorded {
          let (allocated, all) = hub.endRun(channel)
          charge(guarded.state.phase == .gone ? 0 : allocated, &guarded)
          audiences = all
        } else if let prepared = try? hub.prepare(RunEvents.end(core.id, outcome), key: nil) {
          audiences =
            append(unrecorded(prepared, channel, guarded), to: channel, &guarded, isLast: true)?.audiences ?? []
        }
        guarded.isSealed = true
        _ = guarded.state.apply(.recorded, at: hub.now, rules)
        return (audiences, guarded.take { _ in true })
      }
      hub.announceRun(audiences, in: channel)
      for audience in audiences { audience.mailbox.post(.runEnded(channel)) }
      for waiter in waiters { waiter.resume() }
      reschedule(channel)
      releaseControl(channel)
    }
  }

  /// Returns the last event of a run whose end was not recorded, with an ID that no event of the history has. The end
  /// has already been numbered.
  private func unrecorded(
    _ event: PreparedEvent, _ channel: EventChannel, _ guarded: borrowing RunCore.Guarded
  ) -> PreparedEvent {
    event.identified(by: EventID(unchecked: "\(channel.idPrefix)\(guarded.numbered)\(RunCore.unrecorded)"))
  }

  /// Removes a run that is no longer kept. Its viewers get the rest of its log, and its memory is released.
  private func discard(_ channel: EventChannel, refund: Int) {
    let core = channel.run!
    table.withLock { table in
      if table.runs[core.id] === channel { table.runs[core.id] = nil }
      table.active.remove(channel)
      table.retained.remove(channel)
    }
    room.wake(core)
    stopFollowing(channel)
    hub.removeRun(channel)
    if refund > 0 { room.refund(refund) }
  }
}

extension RunCore {
  /// Sets the task of a producer that the collection runs.
  func setTask(_ task: Task<Void, Never>) {
    let isToStop = guarded.withLock { guarded in
      if guarded.state.isActive { guarded.task = task }
      if case .stopRequested = guarded.state.phase { return true }
      if case .stopped = guarded.state.outcome { return true }
      return guarded.state.phase == .gone
    }
    if isToStop { task.cancel() }
  }

  /// Waits for a run's end, or for a request to stop it.
  func wait(for awaited: RunWaiter.Awaited) async throws {
    let waiter = RunWaiter(awaited)
    let isOver = guarded.withLock { guarded in
      let isOver =
        switch awaited {
        case .end: guarded.isSealed || guarded.state.phase == .gone
        case .recording: guarded.position != nil || guarded.isSealed || guarded.state.phase == .gone
        case .stopRequest: guarded.state.phase != .begun && guarded.state.phase != .running
        }
      if !isOver { guarded.waiters.append(waiter) }
      return isOver
    }
    guard !isOver else { return }
    await waiter.wait()
    guarded.withLock { guarded in guarded.waiters.removeAll { $0 === waiter } }
    try Task.checkCancellation()
  }
}

extension RunCore.Guarded {
  mutating func take(_ isMeant: (RunWaiter) -> Bool) -> [RunWaiter] {
    guard !waiters.isEmpty else { return [] }
    defer { waiters.removeAll(where: isMeant) }
    return waiters.filter(isMeant)
  }
}
