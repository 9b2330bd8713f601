import Synchronization

/// Hands batches from the source's task to its one reader, one at a time: the next is taken over only when the reader
/// has asked for more, so that a reader that stops makes the server wait. Any thread.
final class Handoff: Sendable {
  typealias Element = EventSource.Element

  private struct State {
    var batch: [Element] = []
    var reader: CheckedContinuation<[Element], any Error>?
    var writer: CheckedContinuation<Void, Never>?
    /// Nothing more comes; with the error that the reader is given once.
    var isFinished = false
    var failure: (any Error)?
  }

  private let state = Mutex(State())

  /// Waits until the reader has taken what was handed before, and hands a batch over. False: nobody takes it.
  func send(_ batch: [Element]) async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { writer in
        let isFree = state.withLock { state in
          if state.batch.isEmpty || state.isFinished || Task.isCancelled { return true }
          state.writer = writer
          return false
        }
        if isFree { writer.resume() }
      }
    } onCancel: {
      state.withLock { $0.writer.take() }?.resume()
    }
    let reader = state.withLock { state -> CheckedContinuation<[Element], any Error>?? in
      guard !state.isFinished, !Task.isCancelled, state.batch.isEmpty else { return .none }
      if let reader = state.reader.take() { return .some(reader) }
      state.batch = batch
      return .some(nil)
    }
    guard let reader else { return false }
    reader?.resume(returning: batch)
    return true
  }

  /// Returns the next batch; an empty one at the end.
  ///
  /// - Throws: The error that ended it, once; one with the code `alreadyConsumed` if somebody else waits already.
  func receive() async throws -> [Element] {
    try await withCheckedThrowingContinuation { reader in
      let (result, writer) = state.withLock {
        state -> (Result<[Element], any Error>?, CheckedContinuation<Void, Never>?) in
        if !state.batch.isEmpty {
          defer { state.batch = [] }
          return (.success(state.batch), state.writer.take())
        }
        if state.isFinished {
          if let failure = state.failure.take() { return (.failure(failure), nil) }
          return (.success([]), nil)
        }
        guard state.reader == nil else { return (.failure(Self.alreadyConsumed), nil) }
        state.reader = reader
        return (nil, nil)
      }
      writer?.resume()
      if let result { reader.resume(with: result) }
    }
  }

  private static let alreadyConsumed = SubscriptionError(
    .alreadyConsumed, "next() was called while another call waits; give each consumer a source of its own")

  /// Ends it after what has been handed over; with an error, if there is one.
  func finish(with last: [Element] = [], throwing failure: (any Error)? = nil) {
    let (reader, writer) = state.withLock {
      state -> (CheckedContinuation<[Element], any Error>?, CheckedContinuation<Void, Never>?) in
      guard !state.isFinished else { return (nil, nil) }
      state.isFinished = true
      guard let reader = state.reader.take() else {
        state.batch += last
        state.failure = failure
        return (nil, state.writer.take())
      }
      // A reader waits only when there is no batch; the error comes when it asks again.
      state.failure = last.isEmpty ? nil : failure
      return (reader, state.writer.take())
    }
    writer?.resume()
    guard let reader else { return }
    if last.isEmpty, let failure { reader.resume(throwing: failure) } else { reader.resume(returning: last) }
  }

  /// Ends it at once: what was handed over and not taken is dropped.
  func close(with last: [Element]) {
    state.withLock { if !$0.isFinished { $0.batch = [] } }
    finish(with: last)
  }
}
