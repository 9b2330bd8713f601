import Synchronization

/// Counts the lanes that have not yet offered an event to their readers. Resumes the publisher when none is left, its
/// task is cancelled, or the hub is closed.
final class OfferAcknowledgement: Sendable {
  private struct State {
    var lanes: Int
    var error: (any Error)?
    var waiter: CheckedContinuation<Void, any Error>?
  }

  private let state: Mutex<State>

  init(lanes: Int) {
    state = Mutex(State(lanes: lanes))
  }

  func laneIsDone() {
    resume { state in
      state.lanes -= 1
      return state.lanes == 0
    }
  }

  /// Ends the wait with an error.
  func giveUp(_ error: any Error) {
    resume { state in
      state.error = state.error ?? error
      return true
    }
  }

  private func resume(_ isOver: (inout State) -> Bool) {
    let (waiter, error) = state.withLock { state -> (CheckedContinuation<Void, any Error>?, (any Error)?) in
      guard isOver(&state) else { return (nil, nil) }
      defer { state.waiter = nil }
      return (state.waiter, state.lanes > 0 ? state.error : nil)
    }
    if let error { waiter?.resume(throwing: error) } else { waiter?.resume() }
  }

  /// Returns when every lane is done. A lane is done at the latest when it is closed.
  func wait() async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result = state.withLock { state -> Result<Void, any Error>? in
          if state.lanes <= 0 { return .success(()) }
          if let error = state.error { return .failure(error) }
          state.waiter = continuation
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      giveUp(CancellationError())
    }
  }
}

/// Publishers that wait for lanes. Closing the hub ends their waits.
final class PendingOffers: Sendable {
  private let state = Mutex<(isClosed: Bool, offers: [ObjectIdentifier: OfferAcknowledgement])>((false, [:]))

  func wait(for offer: OfferAcknowledgement) async throws {
    let isClosed = state.withLock { state in
      if !state.isClosed { state.offers[ObjectIdentifier(offer)] = offer }
      return state.isClosed
    }
    if isClosed { offer.giveUp(PublishError.closed) }
    defer { state.withLock { _ = $0.offers.removeValue(forKey: ObjectIdentifier(offer)) } }
    try await offer.wait()
  }

  func close() {
    let offers = state.withLock { state in
      state.isClosed = true
      return Array(state.offers.values)
    }
    for offer in offers { offer.giveUp(PublishError.closed) }
  }
}
