import Synchronization

internal import EventSourceFormat

/// Publications to channels of one name with a recording repository. They are recorded and then published in the order
/// of the calls, so that history and stream have the same order. Publications that arrive while a batch is being
/// recorded form the next batch.
///
/// Waiting publications are charged to the hub's memory. No wait is unlimited: it ends when the task is cancelled, the
/// hub is closed, or the repository takes longer than ``EventHub/Configuration/recordingTimeout``.
final class RecordingQueue: Sendable {
  /// The limits of one batch.
  private static let batchEvents = 512
  private static let batchBytes = 1 << 20

  private struct State {
    var waiting: [Publication] = []
    var recording: [Publication] = []
    /// The number of batches so far.
    var batches = 0
    /// Whether a task is recording. That task also handles the waiting publications.
    var isBusy = false
    var hasBegun = false
    /// Whether the channel was removed while the queue was idle. Another queue may then have the name.
    var isRetired = false
  }

  private let name: ChannelName
  private let state = Mutex(State())

  init(_ name: ChannelName) { self.name = name }

  /// Whether events are being recorded that may be in the history and are not yet in the log.
  var isBusy: Bool { state.withLock { $0.isBusy } }

  /// The number of publications that have not been recorded yet.
  var count: Int { state.withLock { $0.waiting.count + $0.recording.count } }

  /// Whether anything was ever enqueued.
  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// Retires the queue of a removed channel, so that it accepts nothing more. A queue with publications in progress is
  /// not retired: the next channel with the name continues with it.
  ///
  /// - Returns: Whether the queue is retired.
  func retire() -> Bool {
    state.withLock { state in
      if !state.isBusy { state.isRetired = true }
      return state.isRetired
    }
  }

  /// Enqueues an event and waits until it is recorded and published.
  ///
  /// - Returns: The event's ID, or `nil` if the queue is retired and the channel must be looked up again.
  func record(_ event: PreparedEvent, in hub: EventHub) async throws -> EventID? {
    guard let publication = try enqueue(event, in: hub) else { return nil }
    return try await result(of: publication)
  }

  /// Appends an event to the queue. A separate task does the work, so cancelling one publisher does not affect the rest
  /// of its batch.
  ///
  /// - Parameter run: The channel of the run, or the control channel of a collection. `nil` means the channel that has
  ///   the queue's name when the event is recorded.
  /// - Returns: `nil` if the queue is retired.
  func enqueue(_ event: PreparedEvent, in hub: EventHub, for run: EventChannel? = nil) throws -> Publication? {
    guard hub.budget.chargeWaiting(event.byteCount) else {
      throw PublishError.recordingBacklog(name, limit: hub.budget.limit / 8)
    }
    let publication = Publication(event, budget: hub.budget)
    let isFirst = try state.withLock { state throws(PublishError) -> Bool? in
      guard hub.admissions.phase != .closed else { throw .closed }
      guard !state.isRetired else { return nil }
      state.waiting.append(publication)
      state.hasBegun = true
      defer { state.isBusy = true }
      return !state.isBusy
    }
    guard let isFirst else { return nil }
    if isFirst {
      Task(executorPreference: hub.configuration.taskExecutor) {
        while let batch = self.next() { await self.publish(batch, in: hub, for: run) }
        hub.release(self, of: self.name)
      }
    }
    return publication
  }

  /// Waits until an event is recorded and published.
  func result(of publication: Publication) async throws -> EventID {
    try await withTaskCancellationHandler {
      try await publication.result
    } onCancel: {
      giveUp(CancellationError(), only: publication)
    }
  }

  /// Ends all waits because the hub was closed.
  func close() { giveUp(PublishError.closed) }

  /// Ends waits with an error. A publication that is not being recorded yet is removed from the queue. If it is being
  /// recorded, its outcome is unknown.
  private func giveUp(_ error: any Error, only publication: Publication? = nil) {
    let (waiting, recording) = state.withLock { state -> ([Publication], [Publication]) in
      guard let publication else {
        defer { state.waiting = [] }
        return (state.waiting, state.recording)
      }
      if let index = state.waiting.firstIndex(where: { $0 === publication }) {
        state.waiting.remove(at: index)
        return ([publication], [])
      }
      return ([], [publication])
    }
    for publication in waiting { publication.finish(.failure(error)) }
    for publication in recording { publication.finish(.failure(PublishError.outcomeUnknown(name))) }
  }

  private func next() -> [Publication]? {
    state.withLock { state in
      state.recording = []
      guard !state.waiting.isEmpty else {
        state.isBusy = false
        return nil
      }
      var bytes = 0
      let batch = state.waiting.prefix(Self.batchEvents).prefix { publication in
        defer { bytes += publication.event.byteCount }
        return bytes < Self.batchBytes
      }
      state.waiting.removeFirst(batch.count)
      state.batches += 1
      state.recording = Array(batch)
      return state.recording
    }
  }

  private func publish(_ batch: [Publication], in hub: EventHub, for run: EventChannel?) async {
    // Captures the number instead of the batch, and the hub weakly, because a sleeping task would retain them.
    let number = state.withLock { $0.batches }
    // Sleeping traps at durations that a configuration may contain, so the timeout is capped.
    let limit = Task { [timeout = min(hub.configuration.recordingTimeout, .seconds(1 << 30)), name, weak hub] in
      try await Task.sleep(for: timeout)
      let late = self.state.withLock { $0.batches == number ? $0.recording : [] }
      for publication in late { publication.finish(.failure(PublishError.outcomeUnknown(name))) }
      hub?.log(.error, "a repository did not respond in time; it is unknown whether the events were recorded") {
        [("channel", name.rawValue), ("events", "\(late.count)")]
      }
    }
    defer { limit.cancel() }
    do {
      var batch = batch
      var recorder = run.map { $0.withState { $0.recorder } } ?? hub.recorder(of: name)
      while recorder == nil {
        // The repository or the channel was removed since. Events are published unrecorded, unless there is a recording
        // repository again.
        batch = batch.filter { !publishUnrecorded($0, in: hub) }
        if batch.isEmpty { return }
        recorder = hub.recorder(of: name)
      }
      guard let recorder else { return }
      if let shared = recorder as? any SharedEventRepository {
        return try await publish(batch, in: hub, by: shared, for: run)
      }
      let ids = try await recorder.append(batch.map(\.event.event), to: name)
      guard ids.count == batch.count, zip(ids, batch).allSatisfy({ isUsable($0, for: $1.event.event) }) else {
        throw PublishError.wrongRecording(name)
      }
      for (id, publication) in zip(ids, batch) {
        let event = publication.event.identified(by: id)
        if let run { hub.appendRecorded(event, toRun: run) } else { hub.appendRecorded(event, by: recorder, to: name) }
        publication.finish(.success(id))
      }
    } catch {
      hub.log(.error, "a repository failed to record; nothing was published") {
        [("channel", name.rawValue), ("events", "\(batch.count)"), ("error", "\(error)")]
      }
      for publication in batch { publication.finish(.failure(error)) }
    }
  }

  /// Records a batch in a shared history, which returns the positions in the channel's order.
  private func publish(
    _ batch: [Publication], in hub: EventHub, by repository: any SharedEventRepository, for channel: EventChannel?
  ) async throws {
    let publications = batch.map { SharedPublication($0.event.event, key: $0.event.key) }
    let places: [SharedPlace]
    do {
      places = try await repository.append(publications, to: name)
    } catch {
      channel?.run?.guarded.withLock { $0.hasRefusedBatch = true }
      throw error
    }
    guard places.count == batch.count, zip(places, batch).allSatisfy({ isUsable($0.id, for: $1.event.event) }) else {
      throw PublishError.wrongRecording(name)
    }
    guard let channel else { return finish(hub.recorded(batch, at: places, by: repository, in: name), in: hub) }
    if let run = channel.run {
      try await run.store.recorded(batch, at: places, of: channel, by: repository)
    } else {
      for (publication, place) in zip(batch, places) { publication.finish(.success(place.id)) }
    }
  }

  /// Ends publications. The publishers are resumed by another task, so that the next batch need not wait for them.
  private func finish(_ results: [(publication: Publication, id: EventID)], in hub: EventHub) {
    func finish() { for result in results { result.publication.finish(.success(result.id)) } }
    guard results.count > 1 else { return finish() }
    Task(executorPreference: hub.configuration.taskExecutor) { finish() }
  }

  /// Publishes an event without recording it, or ends its publication with the error.
  ///
  /// - Returns: `false` if the channel has a recording repository.
  private func publishUnrecorded(_ publication: Publication, in hub: EventHub) -> Bool {
    do {
      publication.finish(.success(try hub.append(publication.event, to: name)))
    } catch .recordingChannel {
      return false
    } catch {
      publication.finish(.failure(error))
    }
    return true
  }

  private func isUsable(_ id: EventID, for event: ServerSentEvent) -> Bool {
    guard let own = event.id else { return (try? id.checkReturnable(maximumBytes: .max)) != nil }
    return own == id
  }
}

extension EventHub {
  /// Removes an idle queue that no channel uses.
  fileprivate func release(_ recording: RecordingQueue, of name: ChannelName) {
    recordings.withLock { recordings in
      if recordings[name] === recording, recording.retire() { recordings[name] = nil }
    }
  }
}
