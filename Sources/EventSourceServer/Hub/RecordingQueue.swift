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
  }

  private let name: ChannelName
  private let state = Mutex(State())

  init(_ name: ChannelName) { self.name = name }

  /// Whether something is being recorded that may be in the history and is not yet in the log.
  var isBusy: Bool { state.withLock { $0.isBusy } }

  /// Whether anything was ever recorded.
  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// Waits its turn, records, publishes. The work is done in a task of its own, so that nobody's cancellation is felt
  /// by the others of a batch.
  func record(_ event: PreparedEvent, in hub: EventHub) async throws -> EventID {
    guard hub.budget.chargeWaiting(event.byteCount) else {
      throw PublishError.recordingBacklog(name, limit: hub.budget.limit / 8)
    }
    let publication = Publication(event, budget: hub.budget)
    let (isFirst, isClosed) = state.withLock { state in
      guard hub.admissions.phase != .closed else { return (false, true) }
      state.waiting.append(publication)
      state.hasBegun = true
      defer { state.isBusy = true }
      return (!state.isBusy, false)
    }
    if isClosed { publication.finish(.failure(PublishError.closed)) }
    if isFirst {
      Task(executorPreference: hub.configuration.taskExecutor) {
        while let batch = self.next() { await self.publish(batch, in: hub) }
      }
    }
    return try await withTaskCancellationHandler {
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

  private func publish(_ batch: [Publication], in hub: EventHub) async {
    // Without the batch, which a task that still sleeps would keep.
    let number = state.withLock { $0.batches }
    let limit = Task { [timeout = hub.configuration.recordingTimeout, name] in
      try await Task.sleep(for: timeout)
      let late = self.state.withLock { $0.batches == number ? $0.recording : [] }
      for publication in late { publication.finish(.failure(PublishError.outcomeUnknown(name))) }
      hub.log(.error, "a repository does not answer; its publishers were told that nobody knows") {
        [("channel", name.rawValue), ("events", "\(late.count)")]
      }
    }
    defer { limit.cancel() }
    do {
      guard let recorder = hub.recorder(of: name) else {
        // Unregistered or removed meanwhile: there is nothing to record in.
        for publication in batch { publication.finish(Result { try hub.append(publication.event, to: name) }) }
        return
      }
      let ids = try await recorder.append(batch.map(\.event.event), to: name)
      guard ids.count == batch.count, zip(ids, batch).allSatisfy({ isUsable($0, for: $1.event.event) }) else {
        throw PublishError.wrongRecording(name)
      }
      for (id, publication) in zip(ids, batch) {
        hub.appendRecorded(publication.event.identified(by: id), by: recorder, to: name)
        publication.finish(.success(id))
      }
    } catch {
      hub.log(.error, "a repository did not record; nothing was published") {
        [("channel", name.rawValue), ("events", "\(batch.count)"), ("error", "\(error)")]
      }
      for publication in batch { publication.finish(.failure(error)) }
    }
  }

  private func isUsable(_ id: EventID, for event: ServerSentEvent) -> Bool {
    guard let own = event.id else { return (try? id.checkReturnable(maximumBytes: .max)) != nil }
    return own == id
  }
}
