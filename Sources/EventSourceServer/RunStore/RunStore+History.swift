import Synchronization

internal import EventSourceFormat

/// Runs of an earlier process, and runs that were discarded. Each is read completely, then kept like a run that has
/// just ended.
extension RunStore {
  private static let batchEvents = 256
  private static let batchBytes = 64 << 10
  /// The additional bytes beyond a run's limit for the events that the collection adds.
  private static let ownBytes = 4096

  /// Reads a run from the history, unless it is in memory. Returns whether there is such a run.
  func load(_ id: String) async throws -> Bool {
    guard let repository else { return channel(id) != nil }
    let begun = table.withLock { table -> (RunLoad, isFirst: Bool)? in
      if table.runs[id] != nil || table.isClosed { return nil }
      if let load = table.loading[id] { return (load, false) }
      let load = RunLoad()
      table.loading[id] = load
      return (load, true)
    }
    guard let (load, isFirst) = begun else { return channel(id) != nil }
    if isFirst {
      Task(executorPreference: hub.configuration.taskExecutor) { [self] in
        let result: Result<Bool, any Error>
        do { result = .success(try await read(id, from: repository)) } catch { result = .failure(error) }
        table.withLock { _ = $0.loading.removeValue(forKey: id) }
        load.finish(result)
      }
    }
    return try await load.result
  }

  /// Reads a run that is not in memory for a lane, and notifies the lane of the result.
  func load(_ name: ChannelName, for lane: LaneMailbox) {
    guard let id = id(in: name) else {
      lane.post(.runIsMissing(name, hasFailed: false))
      return
    }
    Task(executorPreference: hub.configuration.taskExecutor) { [self] in
      do {
        if try await load(id) { lane.post(.opened(name)) } else { lane.post(.runIsMissing(name, hasFailed: false)) }
      } catch RunError.incompleteHistory {
        hub.log(.warning, "the history does not have the beginning of a run") { [("run", name.rawValue)] }
        lane.post(.runIsMissing(name, hasFailed: false))
      } catch {
        hub.log(.error, "a run could not be read from its history") { [("run", name.rawValue), ("error", "\(error)")] }
        lane.post(.runIsMissing(name, hasFailed: true))
      }
    }
  }

  private func read(_ id: String, from repository: any RecordingEventRepository) async throws -> Bool {
    let core = RunCore(id: id, store: self, ended: .interrupted)
    let channel = makeChannel(id, core)
    do {
      guard let outcome = try await readEvents(into: channel, from: repository) else {
        release(channel)
        return false
      }
      _ = hub.endRun(channel)
      core.guarded.withLock { guarded in
        guarded.state = RunState(ended: outcome)
        guarded.isSealed = true
      }
      try insert(channel, outcome)
    } catch {
      release(channel)
      throw error
    }
    reschedule(channel)
    openWaiting(channel)
    return true
  }

  /// Appends the events of the history. Returns the run's outcome, or `nil` if the history has no such run.
  private func readEvents(
    into channel: EventChannel, from repository: any RecordingEventRepository
  ) async throws -> RunOutcome? {
    let id = channel.run!.id
    var last: ServerSentEvent?
    var number: UInt64 = 0
    while true {
      let request = ReplayRequest(
        channel: channel.name, lastEventID: last?.id, maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes)
      guard case .contiguous(let events) = try await repository.events(for: request) else {
        throw RunError.incompleteHistory(id)
      }
      if events.isEmpty { break }
      for event in events {
        guard let eventID = event.id else { throw RunError.incompleteHistory(id) }
        let own = RunCore.number(in: eventID.rawValue, prefix: channel.idPrefix)
        if last == nil, let own, own != 1 { throw RunError.incompleteHistory(id) }
        number = max(number + 1, own ?? 0)
        try append(event, to: channel)
        last = event
      }
    }
    guard let last else { return nil }
    if let outcome = RunEvents.outcome(of: last) { return outcome }
    // The process that wrote the run has ended. The end is recorded, so that the run has the same end for every reader.
    var end = RunEvents.end(id, .interrupted)
    end.id = EventID(unchecked: channel.idPrefix + String(number + 1))
    guard try await repository.append([end], to: channel.name) == [end.id] else {
      throw PublishError.wrongRecording(channel.name)
    }
    try append(end, to: channel)
    return .interrupted
  }

  private func append(_ event: ServerSentEvent, to channel: EventChannel) throws {
    let core = channel.run!
    let prepared = try hub.prepare(event, key: nil)
    let limit = min(configuration.maximumBytesPerRun, .max - Self.ownBytes) + Self.ownBytes
    guard room.fits(prepared.byteCount) || makeRoom(for: prepared.byteCount) else {
      throw RunError.overBudget(limit: room.limit)
    }
    try core.guarded.withLock { guarded in
      guard guarded.byteCount + prepared.byteCount <= limit else { throw RunError.byteLimit(limit: limit) }
      _ = append(prepared, to: channel, &guarded)
    }
  }

  private func insert(_ channel: EventChannel, _ outcome: RunOutcome) throws(RunError) {
    let core = channel.run!
    while true {
      let victim = try table.withLock { table throws(RunError) -> EventChannel? in
        guard !table.isClosed else { throw .closed }
        guard table.runs[core.id] == nil else { throw .idInUse(core.id) }
        guard table.runs.count < configuration.maximumRuns else {
          guard let oldest = oldestEnded(table) else { throw .tooManyRuns(limit: configuration.maximumRuns) }
          return oldest
        }
        table.runs[core.id] = channel
        if outcome == .interrupted { table.ended[outcome.name, default: 0] += 1 }
        return nil
      }
      guard let victim else { return }
      apply(.discard, to: victim)
    }
  }

  /// Releases the memory of a run that is not kept.
  private func release(_ channel: EventChannel) {
    let charged = channel.run!.guarded.withLock { guarded in
      defer { guarded.chargedBytes = 0 }
      return guarded.chargedBytes
    }
    hub.removeRun(channel)
    if charged > 0 { room.refund(charged) }
  }
}
