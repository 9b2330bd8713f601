import Synchronization

internal import EventSourceFormat

/// Publications to channels of one name whose repository records: recorded and then published in the order of the
/// calls, so that history and stream have one order. Those that arrive while a batch is being recorded make up the next
/// one.
///
/// What waits is charged to the hub, and nobody waits for ever: not when the task is cancelled, the hub closed, or the
/// repository takes longer than ``EventHub/Configuration/recordingTimeout``.
final class RecordingQueue: Sendable {
  /// The most that one batch has.
  private static let batchEvents = 256
  private static let batchBytes = 1 << 20

  private struct State {
    var waiting: [Publication] = []
    var recording: [Publication] = []
    /// How many batches there have been.
    var batches = 0
    /// A task is recording, and will see to what is waiting.
    var isBusy = false
    var hasBegun = false
    /// Its channel is gone, and it was idle then: another queue may have the name.
    var isRetired = false
  }

  private let name: ChannelName
  private let state = Mutex(State())

  init(_ name: ChannelName) { self.name = name }

  /// Whether something is being recorded that may be in the history and is not yet in the log.
  var isBusy: Bool { state.withLock { $0.isBusy } }

  /// How many publications have yet to be recorded.
  var count: Int { state.withLock { $0.waiting.count + $0.recording.count } }

  /// Whether anything was ever recorded.
  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// The channel is gone: nothing more is accepted, unless publications are under way, which a channel of that name
  /// goes on with; whether it is retired.
  func retire() -> Bool {
    state.withLock { state in
      if !state.isBusy { state.isRetired = true }
      return state.isRetired
    }
  }

  /// Waits its turn, records, publishes.
  ///
  /// - Returns: The event's ID; nil: the queue is retired, and the channel is to be looked up again.
  func record(_ event: PreparedEvent, in hub: EventHub) async throws -> EventID? {
    guard let publication = try enqueue(event, in: hub) else { return nil }
    return try await result(of: publication)
  }

  /// Puts an event at the end of the queue. The work is done in a task of its own, so that nobody's cancellation is
  /// felt by the others of a batch.
  ///
  /// - Parameter run: The run that it belongs to; nil: it is for the channel that has the queue's name by then.
  /// - Returns: nil: the queue is retired.
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

  /// Waits until an event was recorded and published.
  func result(of publication: Publication) async throws -> EventID {
    try await withTaskCancellationHandler {
      try await publication.result
    } onCancel: {
      giveUp(CancellationError(), only: publication)
    }
  }

  /// The hub was closed: whoever waits is told so.
  func close() { giveUp(PublishError.closed) }

  /// Those that are not yet being recorded are not recorded any more; of the others nobody can say what becomes of
  /// them.
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
    // Without the batch, which a task that still sleeps would keep.
    let number = state.withLock { $0.batches }
    // The clock of a sleeping task traps at times that a configuration may well have.
    let limit = Task { [timeout = min(hub.configuration.recordingTimeout, .seconds(1 << 30)), name] in
      try await Task.sleep(for: timeout)
      let late = self.state.withLock { $0.batches == number ? $0.recording : [] }
      for publication in late { publication.finish(.failure(PublishError.outcomeUnknown(name))) }
      hub.log(.error, "a repository does not answer; its publishers were told that nobody knows") {
        [("channel", name.rawValue), ("events", "\(late.count)")]
      }
    }
    defer { limit.cancel() }
    do {
      var batch = batch
      var recorder = run.map { $0.withState { $0.recorder } } ?? hub.recorder(of: name)
      while recorder == nil {
        // Unregistered or removed meanwhile: there is nothing to record in, unless there is again.
        batch = batch.filter { !publishUnrecorded($0, in: hub) }
        if batch.isEmpty { return }
        recorder = hub.recorder(of: name)
      }
      guard let recorder else { return }
      if let shared = recorder as? any SharedEventRepository { return try await publish(batch, in: hub, by: shared) }
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
      hub.log(.error, "a repository did not record; nothing was published") {
        [("channel", name.rawValue), ("events", "\(batch.count)"), ("error", "\(error)")]
      }
      for publication in batch { publication.finish(.failure(error)) }
    }
  }

  /// Records a batch in a shared history, which says where it is in the channel's order.
  private func publish(_ batch: [Publication], in hub: EventHub, by repository: any SharedEventRepository) async throws
  {
    let publications = batch.map { SharedPublication($0.event.event, key: $0.event.key) }
    let places = try await repository.append(publications, to: name)
    guard places.count == batch.count, zip(places, batch).allSatisfy({ isUsable($0.id, for: $1.event.event) }) else {
      throw PublishError.wrongRecording(name)
    }
    hub.recorded(batch, at: places, by: repository, in: name)
  }

  /// Publishes an event without recording it, or says why not; false: the channel has a history that records.
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
  /// Nobody publishes by the queue at present: if no channel has it, it is not needed any more.
  fileprivate func release(_ recording: RecordingQueue, of name: ChannelName) {
    recordings.withLock { recordings in
      if recordings[name] === recording, recording.retire() { recordings[name] = nil }
    }
  }
}
