import Synchronization

internal import EventSourceFormat

/// The producer's calls.
extension RunStore {
  /// Writes an event to a run that is not recorded.
  func write(_ event: ServerSentEvent, to channel: EventChannel) throws -> EventID {
    guard !channel.run!.isRecorded else { throw RunError.recordingRun(channel.run!.id) }
    let prepared = try prepare(event, for: channel)
    switch try attempt(prepared, on: channel) {
    case .done(let id): return id
    case .recording: throw RunError.recordingRun(channel.run!.id)
    }
  }

  /// Writes an event as soon as there is memory for it. Records it first if the collection has a history.
  func writeWaiting(_ event: ServerSentEvent, to channel: EventChannel) async throws -> EventID {
    let core = channel.run!
    let prepared = try prepare(event, for: channel)
    while true {
      do {
        switch try attempt(prepared, on: channel) {
        case .done(let id): return id
        case .recording(let publication, let queue): return try await result(of: publication, in: queue, channel)
        }
      } catch RunError.overBudget(let limit) {
        // A lane checks the time, and discards runs that have ended since.
        let hasRoom = try await room.wait(for: prepared.byteCount, of: core) { self.hub.noteRunDue(.min) }
        guard hasRoom else { throw RunError.overBudget(limit: limit) }
      }
    }
  }

  /// Waits until an event is recorded. If recording fails, the event's number is reused, so that the history has no
  /// hole.
  func result(of publication: Publication, in queue: RecordingQueue, _ channel: EventChannel) async throws -> EventID {
    do {
      return try await queue.result(of: publication)
    } catch PublishError.outcomeUnknown(let name) {
      throw PublishError.outcomeUnknown(name)
    } catch {
      channel.run!.guarded.withLock { guarded in
        let newest = channel.idPrefix + String(guarded.numbered)
        if publication.event.event.id?.rawValue == newest { guarded.numbered -= 1 }
        guarded.byteCount -= publication.event.byteCount
      }
      throw error
    }
  }

  /// Ends a run after writing a last event, if there is one.
  func end(_ channel: EventChannel, _ input: RunState.Input, last: ServerSentEvent?) throws {
    let prepared = try last.map { try prepare($0, for: channel) }
    let core = channel.run!
    let subject = subject(channel)
    let effects = try core.guarded.withLock { guarded -> Effects in
      try checkActive(guarded.state, core)
      if let prepared { try checkLimit(prepared, guarded) }
      var audiences: [LaneAudience] = []
      if let prepared {
        if core.isRecorded { _ = try record(prepared, of: channel, &guarded) }
        if !core.isRecorded { audiences = append(prepared, to: channel, &guarded)?.audiences ?? [] }
      }
      return transit(input, channel, subject, &guarded, audiences)
    }
    perform(effects, on: channel)
  }

  /// Applies an input that is not from the producer. Returns whether it had an effect.
  @discardableResult
  func apply(_ input: RunState.Input, to channel: EventChannel) -> Bool {
    let subject = subject(channel)
    let effects = channel.run!.guarded.withLock { transit(input, channel, subject, &$0, []) }
    perform(effects, on: channel)
    return effects.effect != .nothing
  }

  private enum Attempt {
    case done(EventID)
    case recording(Publication, RecordingQueue)
  }

  private func prepare(_ event: ServerSentEvent, for channel: EventChannel) throws -> PreparedEvent {
    if let id = event.id, id.rawValue.utf8.starts(with: channel.idPrefix.utf8) {
      throw RunError.generatedID(id.rawValue)
    }
    return try hub.prepare(event, key: nil)
  }

  private func checkActive(_ state: RunState, _ core: RunCore) throws(RunError) {
    guard state.isActive else { throw .ended(state.outcome ?? .stopped(.closed)) }
    guard !state.isFollowed else { throw .producedElsewhere(core.id) }
  }

  private func checkLimit(_ event: PreparedEvent, _ guarded: borrowing RunCore.Guarded) throws(RunError) {
    let limit = configuration.maximumBytesPerRun
    guard guarded.byteCount + event.byteCount <= limit else { throw .byteLimit(limit: limit) }
  }

  private func attempt(_ event: PreparedEvent, on channel: EventChannel) throws -> Attempt {
    let core = channel.run!
    let subject = subject(channel)
    var isMakingRoom = true
    while true {
      var overrun: Effects?
      var audiences: [LaneAudience] = []
      let attempt = try core.guarded.withLock { guarded -> Attempt? in
        try checkActive(guarded.state, core)
        do {
          try checkLimit(event, guarded)
        } catch {
          overrun = transit(.stop(.byteLimit), channel, subject, &guarded, [])
          return nil
        }
        guard room.fits(event.byteCount) else { return nil }
        _ = guarded.state.apply(.wrote, at: hub.now, rules)
        if core.isRecorded { return try record(event, of: channel, &guarded).map { .recording($0.0, $0.1) } }
        guard let appended = append(event, to: channel, &guarded) else { throw RunError.closed }
        audiences = appended.audiences
        return .done(appended.id)
      }
      if let overrun {
        perform(overrun, on: channel)
        throw RunError.byteLimit(limit: configuration.maximumBytesPerRun)
      }
      hub.announceRun(audiences, in: channel)
      if let attempt { return attempt }
      guard isMakingRoom, makeRoom(for: event.byteCount) else { throw RunError.overBudget(limit: room.limit) }
      isMakingRoom = false
    }
  }

  /// Appends to the log, under the run's lock. Returns `nil` if the run was discarded.
  func append(
    _ event: PreparedEvent, to channel: EventChannel, _ guarded: inout RunCore.Guarded, isLast: Bool = false
  ) -> (id: EventID, audiences: [LaneAudience])? {
    guard let appended = hub.append(event, toRun: channel, isLast: isLast) else { return nil }
    guarded.byteCount += appended.byteCount
    charge(appended.allocatedBytes, &guarded)
    return (appended.id, appended.audiences)
  }

  func charge(_ allocated: Int, _ guarded: inout RunCore.Guarded) {
    guard allocated != guarded.chargedBytes else { return }
    room.charge(allocated - guarded.chargedBytes)
    guarded.chargedBytes = allocated
  }

  /// Assigns an event its ID and adds it to the recording queue. Called under the run's lock, so that the history has
  /// the order of the numbers.
  func record(
    _ event: PreparedEvent, of channel: EventChannel, _ guarded: inout RunCore.Guarded
  ) throws -> (Publication, RecordingQueue)? {
    guard let queue = channel.makeRecording() else { throw RunError.closed }
    let id = EventID(unchecked: channel.idPrefix + String(guarded.numbered + 1))
    let identified = event.identified(by: id)
    guard let publication = try queue.enqueue(identified, in: hub, for: channel) else { throw RunError.closed }
    guarded.numbered += 1
    guarded.byteCount += identified.byteCount
    return (publication, queue)
  }
}
