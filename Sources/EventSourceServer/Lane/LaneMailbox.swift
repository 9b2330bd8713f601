import Synchronization

internal import EventSourceFormat

/// What other threads tell a lane, and how they wake it.
///
/// A lane is awake from the first message until it goes to sleep with the box empty; only a message to a sleeping lane
/// calls the stack's `wake`. Lock order: last; nothing else is locked, and nothing foreign called, under this lock.
final class LaneMailbox: Sendable {
  enum Message: Sendable {
    /// A channel has something new for these readers.
    case published(LaneAudience)
    /// Somebody awaits that everything published before this has been offered to the readers of a channel.
    case acknowledge(OfferAcknowledgement, EventChannel)
    case authorized(EventStreamSession, Result<ChannelAuthorization, any Error>)
    /// A history answered. The session is named too, because its subscription does not keep it.
    case replayed(EventStreamSession, Subscription, ReplaySlot, Result<ReplayResult, any Error>)
    /// Whoever waits to ask a history may try again.
    case replaySlotIsFree
    /// What the history of a recorded channel ends with that has had no event in this life.
    case newestEventIsKnown(EventID?, EventChannel)
    case revoke(Revocation)
    /// The channel of these readers has other rules.
    case reconfigured(LaneAudience)
    /// There is a channel of this name, for which requests may wait.
    case opened(ChannelName)
    /// The shared channel of this name is followed now, or cannot be: requests may wait for that.
    case followed(ChannelName, isFollowed: Bool)
    /// Look at what following this channel needs.
    case look(EventChannel)
    /// Nothing but being run: another lane that would have looked at the time is closed.
    case lookAtTime
    /// Single readers cause too many bytes: disconnect those that are slow.
    case disconnectSlowReaders
    /// End all streams at random moments within so many nanoseconds.
    case drain(Int64)
    /// A run is over, and its last event is in its log.
    case runEnded(EventChannel)
    /// No run of this name is in memory nor in the history, or the history cannot be read.
    case runIsMissing(ChannelName, hasFailed: Bool)
    /// What an application has decided about a request for its runs.
    case runAnswered(EventStreamSession, RunAnswer)
    /// The channel is gone: end what reads it.
    case remove(EventChannel)
    /// End the streams that read this channel.
    case end(EventChannel, DisconnectReason)
  }

  private struct State {
    var messages: [Message] = []
    var isAwake = false
    var isClosed = false
  }

  private let state = Mutex(State())
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
  }

  /// Leaves a message; to a lane that is closed it is dropped, but for the acknowledgement, which has nothing to wait
  /// for.
  ///
  /// - Returns: Whether the lane takes messages.
  @discardableResult
  func post(_ message: Message) -> Bool {
    let (wasClosed, mustWake) = state.withLock { state in
      guard !state.isClosed else { return (true, false) }
      state.messages.append(message)
      defer { state.isAwake = true }
      return (false, !state.isAwake)
    }
    if wasClosed, case .acknowledge(let acknowledgement, _) = message { acknowledgement.laneIsDone() }
    if mustWake { wake() }
    return !wasClosed
  }

  /// Exchanges the box for an empty array; both keep their memory.
  func drain(into messages: inout [Message]) {
    state.withLock { state in
      state.isAwake = true
      swap(&state.messages, &messages)
    }
  }

  /// Whether the lane may sleep: the box is empty, and from now on a message wakes it.
  func sleep() -> Bool {
    state.withLock { state in
      guard state.messages.isEmpty else { return false }
      state.isAwake = false
      return true
    }
  }

  /// Takes the last messages; later ones are dropped.
  func close() -> [Message] {
    state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
  }
}
