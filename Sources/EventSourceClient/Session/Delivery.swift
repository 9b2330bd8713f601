import Synchronization

/// What the reader has been given, as far as others ask for it: the last event ID.
///
/// The reader counts what it is given of a batch, without a lock; the ID is looked up when somebody asks. Any thread;
/// one reader calls what changes it.
final class Delivery: Sendable {
  private struct State {
    var batch: ElementBatch?
    /// The ID before the batch.
    var lastEventID: String
  }

  private let state: Mutex<State>
  /// How many elements of the batch were given. Begins anew, under the lock, with each batch.
  private let count = Atomic(0)

  init(lastEventID: String) { state = Mutex(State(lastEventID: lastEventID)) }

  /// The ID of the last event that was given, or the one to begin with.
  var lastEventID: String {
    get { state.withLock { lastEventID(in: $0) } }
    set {
      state.withLock { state in
        state.batch = nil
        state.lastEventID = newValue
      }
    }
  }

  private func lastEventID(in state: borrowing State) -> String {
    state.batch?.lastEventID(before: count.load(ordering: .relaxed)) ?? state.lastEventID
  }

  /// Another batch is being given.
  func begin(_ batch: ElementBatch?) {
    state.withLock { state in
      state.batch = batch
      count.store(0, ordering: .relaxed)
    }
  }

  /// So many elements of the batch have been given.
  @inline(__always)
  func advance(to count: Int) { self.count.store(count, ordering: .relaxed) }

  /// The batch has been given to its end, and is not kept.
  func finishBatch() {
    state.withLock { state in
      state.lastEventID = lastEventID(in: state)
      state.batch = nil
    }
  }
}
