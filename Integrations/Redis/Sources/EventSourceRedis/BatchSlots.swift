import Synchronization

/// The slots under which a server remembers batches, so that one whose reply was lost is not added twice.
///
/// A call uses a slot alone, and the server remembers only the newest batch of each. However much is published, it has
/// no more of them than calls at once. A batch that arrives after a later one of its slot is not added: its call has
/// ended. Can be used from any thread.
final class BatchSlots: Sendable {
  /// A slot and the number of a batch in it.
  struct Batch {
    let slot: Int
    let number: UInt64
  }

  private struct State {
    /// The number of the newest batch of each slot.
    var numbers: [UInt64] = []
    var free: [Int] = []
  }

  private let state = Mutex(State())

  /// Returns the next batch of a slot that no other call uses, until ``release(_:)``.
  func take() -> Batch {
    state.withLock { state in
      if state.free.isEmpty {
        state.free.append(state.numbers.count)
        state.numbers.append(0)
      }
      let slot = state.free.removeLast()
      state.numbers[slot] += 1
      return Batch(slot: slot, number: state.numbers[slot])
    }
  }

  func release(_ batch: Batch) { state.withLock { $0.free.append(batch.slot) } }
}
