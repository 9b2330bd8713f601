import Synchronization

internal import EventSourceFormat

/// Publications to a channel whose repository records: recorded and then published in the order of the calls, so that
/// history and stream have one order. Those that arrive while a batch is being recorded make up the next one.
final class RecordingQueue: Sendable {
  /// The most that one batch has.
  private static let batchEvents = 256
  private static let batchBytes = 1 << 20

  private struct Publication {
    let event: PreparedEvent
    let published: CheckedContinuation<EventID, any Error>
  }

  private struct State {
    var waiting: [Publication] = []
    /// A task is recording, and will see to what is waiting.
    var isBusy = false
  }

  private let state = Mutex(State())

  /// Whether something is being recorded that may be in the history and is not yet in the log.
  var isBusy: Bool { state.withLock { $0.isBusy } }

  /// Waits its turn, records, publishes. The work is done in a task of its own, so that nobody's cancellation is felt
  /// by the others of a batch.
  func record(_ event: PreparedEvent, in hub: EventHub, _ channel: EventChannel) async throws -> EventID {
    try await withCheckedThrowingContinuation { published in
      let isFirst = state.withLock { state in
        state.waiting.append(Publication(event: event, published: published))
        defer { state.isBusy = true }
        return !state.isBusy
      }
      guard isFirst else { return }
      Task(executorPreference: hub.configuration.taskExecutor) {
        while let batch = self.next() { await Self.publish(batch, in: hub, channel) }
      }
    }
  }

  private func next() -> [Publication]? {
    state.withLock { state in
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
      return Array(batch)
    }
  }

  private static func publish(_ batch: [Publication], in hub: EventHub, _ channel: EventChannel) async {
    do {
      // Unregistered meanwhile: there is nothing to record in.
      guard let recorder = channel.withState({ $0.recorder }) else {
        for publication in batch { publication.published.resume(with: published(publication.event, in: hub, channel)) }
        return
      }
      let ids = try await recorder.append(batch.map(\.event.event), to: channel.name)
      guard ids.count == batch.count, zip(ids, batch).allSatisfy({ isUsable($0, for: $1.event.event) }) else {
        throw PublishError.wrongRecording(channel.name)
      }
      for (id, publication) in zip(ids, batch) {
        publication.published.resume(with: published(publication.event.identified(by: id), in: hub, channel))
      }
    } catch {
      hub.log(.error, "a repository did not record; nothing was published") {
        [("channel", channel.name.rawValue), ("events", "\(batch.count)"), ("error", "\(error)")]
      }
      for publication in batch { publication.published.resume(throwing: error) }
    }
  }

  private static func published(
    _ event: PreparedEvent, in hub: EventHub, _ channel: EventChannel
  ) -> Result<EventID, any Error> {
    Result { try hub.appendRecorded(event, to: channel) }
  }

  private static func isUsable(_ id: EventID, for event: ServerSentEvent) -> Bool {
    event.id.map { $0 == id } ?? !id.rawValue.isEmpty
  }
}
