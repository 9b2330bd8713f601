import Synchronization

/// The last event ID that has been delivered to the reader.
///
/// The reader counts the delivered elements of a batch without a lock. The ID is looked up only on request. Properties
/// can be read from any thread; only the reader calls the mutating methods.
final class Delivery: Sendable {
  private struct State {
    var batch: ElementBatch?
    /// The ID before the batch.
    var lastEventID: String
  }

  private let state: Mutex<State>
  /// The number of delivered elements of the batch. Reset to 0 for each batch, under the lock.
  private let count = Atomic(0)

  init(lastEventID: String) { state = Mutex(State(lastEventID: lastEventID)) }

  /// The ID of the last delivered event. Before the first one, the initial ID.
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

  /// Begins the delivery of a batch.
  func begin(_ batch: ElementBatch?) {
    state.withLock { state in
      state.batch = batch
      count.store(0, ordering: .relaxed)
    }
  }

  /// Records that `count` elements of the batch have been delivered.
  @inline(__always)
  func advance(to count: Int) { self.count.store(count, ordering: .relaxed) }

  /// Records that the whole batch has been delivered, and releases it.
  func finishBatch() {
    state.withLock { state in
      state.lastEventID = lastEventID(in: state)
      state.batch = nil
    }
  }
}
