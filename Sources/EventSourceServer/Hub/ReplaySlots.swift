import Synchronization

/// Limits the number of repository requests that a hub awaits at a time, over all lanes. Their results must fit into an
/// eighth of the hub's memory.
///
/// A channel gets at most half of the slots, so that a history that does not respond leaves room for others.
final class ReplaySlots: Sendable {
  private struct State {
    var free: Int
    var byChannel: [ObjectIdentifier: Int] = [:]
    /// Lanes with a reader that waits for a slot.
    var waiting: [LaneMailbox] = []
  }

  private let state: Mutex<State>
  private let mostOfChannel: Int

  init(maximumBytes: Int, bytesOfAnswer: Int) {
    let most = min(max(maximumBytes / 8 / bytesOfAnswer, 4), 256)
    mostOfChannel = most / 2
    state = Mutex(State(free: most))
  }

  enum Outcome {
    case taken(ReplaySlot)
    /// The channel has as many as it may have. Others may get one.
    case channelHasMost
    case noneIsFree
  }

  /// Takes a slot. If that is impossible, the lane is notified when it may be possible.
  func take(for channel: EventChannel, lane: LaneMailbox) -> Outcome {
    let key = ObjectIdentifier(channel)
    return state.withLock { state in
      let hasMost = state.byChannel[key, default: 0] >= mostOfChannel
      guard state.free > 0, !hasMost else {
        if !state.waiting.contains(where: { $0 === lane }) { state.waiting.append(lane) }
        return state.free > 0 ? .channelHasMost : .noneIsFree
      }
      state.free -= 1
      state.byChannel[key, default: 0] += 1
      return .taken(ReplaySlot(of: self, channel))
    }
  }

  fileprivate func giveBack(_ channel: EventChannel) {
    let key = ObjectIdentifier(channel)
    let waiting = state.withLock { state -> [LaneMailbox] in
      state.free += 1
      let count = state.byChannel[key, default: 1] - 1
      state.byChannel[key] = count > 0 ? count : nil
      defer { state.waiting = [] }
      return state.waiting
    }
    for mailbox in waiting { mailbox.post(.replaySlotIsFree) }
  }
}

/// A slot for one awaited repository request. It is released exactly once: when the result arrives or the request is
/// cancelled.
final class ReplaySlot: Sendable {
  private let slots: ReplaySlots
  private let channel: EventChannel
  private let task = Mutex<Task<Void, Never>?>(nil)
  private let isOver = Atomic(false)

  fileprivate init(of slots: ReplaySlots, _ channel: EventChannel) {
    self.slots = slots
    self.channel = channel
  }

  func begin(_ task: Task<Void, Never>) { self.task.withLock { $0 = task } }

  /// Releases the slot because the result has arrived.
  ///
  /// - Returns: `false` if the request was already cancelled.
  func answered() -> Bool {
    guard end() else {
      channel.lateAnswers.subtract(1, ordering: .relaxed)
      return false
    }
    return true
  }

  func cancel() {
    guard end() else { return }
    channel.lateAnswers.add(1, ordering: .relaxed)
    task.withLock { $0 }?.cancel()
  }

  private func end() -> Bool {
    guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return false }
    slots.giveBack(channel)
    return true
  }
}
