import Synchronization

/// Counts the lanes that have yet to offer an event to their readers, and resumes the publisher when there is none.
final class OfferAcknowledgement: Sendable {
  private struct State {
    var lanes: Int
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state: Mutex<State>

  init(lanes: Int) {
    state = Mutex(State(lanes: lanes))
  }

  func laneIsDone() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.lanes -= 1
      guard state.lanes == 0 else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Returns when every lane is done. A lane is done at the latest when it is closed.
  func wait() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.lanes == 0 { return true }
        state.waiter = continuation
        return false
      }
      if isDone { continuation.resume() }
    }
  }
}
