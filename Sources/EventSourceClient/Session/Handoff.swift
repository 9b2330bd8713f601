import Synchronization

/// Hands batches from the source's tasks to its one reader, one at a time. The next batch is accepted only when the
/// reader has taken the previous one, so a reader that stops makes the server wait. All methods can be called from any
/// thread.
final class Handoff: Sendable {
  private struct State {
    var batch: ElementBatch?
    /// The final batch, delivered after `batch`.
    var last: ElementBatch?
    var reader: CheckedContinuation<Void, any Error>?
    var writer: CheckedContinuation<Void, Never>?
    /// Whether nothing more follows. `failure` is then thrown to the reader, once.
    var isFinished = false
    var failure: (any Error)?
  }

  private let state = Mutex(State())

  /// Waits until the reader has taken the previous batch, and hands over the next. Returns `false` if the handoff has
  /// finished or the task is cancelled.
  func send(_ batch: ElementBatch) async -> Bool {
    await waitForRoom()
    let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, any Error>?) in
      guard !state.isFinished, !Task.isCancelled, state.batch == nil else { return (false, nil) }
      state.batch = batch
      return (true, state.reader.take())
    }
    reader?.resume()
    return isTaken
  }

  /// Waits until there is room for a batch, or the handoff has finished.
  private func waitForRoom() async {
    if state.withLock({ $0.batch == nil }) { return }
    await withTaskCancellationHandler {
      await withCheckedContinuation { writer in
        let isFree = state.withLock { state in
          if state.batch == nil || state.isFinished || Task.isCancelled { return true }
          state.writer = writer
          return false
        }
        if isFree { writer.resume() }
      }
    } onCancel: {
      state.withLock { $0.writer.take() }?.resume()
    }
  }

  /// Returns the next batch, or `nil` at the end.
  ///
  /// - Throws: The error that ended the handoff, once. An error with the code `alreadyConsumed` if another call is
  ///   waiting.
  func receive() async throws -> ElementBatch? {
    while true {
      if let batch = takeReady() { return batch }
      let end = state.withLock { state -> Result<ElementBatch?, any Error>? in
        guard state.batch == nil, state.isFinished else { return nil }
        if let last = state.last.take() { return .success(last) }
        return state.failure.take().map { .failure($0) } ?? .success(nil)
      }
      if let end { return try end.get() }
      try await waitForBatch()
    }
  }

  /// Waits until there is a batch or the end. The first caller then takes it under the lock.
  private func waitForBatch() async throws {
    try await withCheckedThrowingContinuation { reader in
      let result = state.withLock { state -> Result<Void, any Error>? in
        if state.batch != nil || state.isFinished { return .success(()) }
        guard state.reader == nil else { return .failure(Self.alreadyConsumed) }
        state.reader = reader
        return nil
      }
      if let result { reader.resume(with: result) }
    }
  }

  /// Takes the available batch without waiting. Returns `nil` if there is none.
  func takeReady() -> ElementBatch? {
    let (batch, writer) = state.withLock { state -> (ElementBatch?, CheckedContinuation<Void, Never>?) in
      guard let batch = state.batch.take() else { return (nil, nil) }
      return (batch, state.writer.take())
    }
    writer?.resume()
    return batch
  }

  private static let alreadyConsumed = SubscriptionError(
    .alreadyConsumed, "next() was called while another call waits; give each consumer a source of its own")

  /// Finishes after what has been handed over, optionally with a last element or an error.
  func finish(with last: EventSource.Element? = nil, throwing failure: (any Error)? = nil) {
    let last = last.map { ElementBatch([$0]) }
    let (reader, writer) = state.withLock {
      state -> (CheckedContinuation<Void, any Error>?, CheckedContinuation<Void, Never>?) in
      guard !state.isFinished else { return (nil, nil) }
      (state.isFinished, state.last, state.failure) = (true, last, failure)
      return (state.reader.take(), state.writer.take())
    }
    writer?.resume()
    reader?.resume()
  }

  /// Finishes immediately and drops a batch that the reader has not taken.
  func close(with last: EventSource.Element) {
    state.withLock { if !$0.isFinished { $0.batch = nil } }
    finish(with: last)
  }
}

extension Handoff: CustomDebugStringConvertible {
  var debugDescription: String {
    state.withLock { state in
      "batch \(state.batch != nil), last \(state.last != nil), reader \(state.reader != nil), "
        + "writer \(state.writer != nil), finished \(state.isFinished)"
    }
  }
}
