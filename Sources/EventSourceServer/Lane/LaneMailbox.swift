import Synchronization

internal import EventSourceFormat

/// Messages from other threads to a lane, and the means to wake it.
///
/// A lane is awake from the first message until it goes to sleep with the mailbox empty. Only a message to a sleeping
/// lane calls the stack's `wake`. Lock order: this lock is the last one. No other lock is acquired and no foreign code
/// is called under it.
final class LaneMailbox: Sendable {
  enum Message: Sendable {
    /// A channel has new events for these readers.
    case published(LaneAudience)
    /// A publisher waits until everything published before this has been offered to the channel's readers.
    case acknowledge(OfferAcknowledgement, EventChannel)
    case authorized(EventStreamSession, Result<ChannelAuthorization, any Error>)
    /// A history returned a result. The message includes the session because a subscription does not retain it.
    case replayed(EventStreamSession, Subscription, ReplaySlot, Result<ReplayResult, any Error>)
    /// A replay slot may be free for the subscriptions that wait for one.
    case replaySlotIsFree
    /// The ID of the newest event in the history of a recorded channel that has had no event in this life, only so many
    /// comments.
    case newestEventIsKnown(EventID?, EventChannel, comments: UInt64)
    case revoke(Revocation)
    /// The rules of these readers' channel have changed.
    case reconfigured(LaneAudience)
    /// A channel with this name was opened. Requests may be waiting for it.
    case opened(ChannelName)
    /// The shared channel with this name is now followed, or cannot be followed. Requests may be waiting for that.
    case followed(ChannelName, isFollowed: Bool)
    /// Check what following this channel requires.
    case look(EventChannel)
    /// Run only to keep time: the lane that would have done so was closed.
    case lookAtTime
    /// Single readers occupy too much memory. Disconnect the slow ones.
    case disconnectSlowReaders
    /// End all streams at random times within a window in nanoseconds.
    case drain(Int64)
    /// A run is over, and its last event is in its log.
    case runEnded(EventChannel)
    /// The run with this name, for which a request waits, is neither in memory nor in the history, or the history
    /// cannot be read. Another request may have asked for it later.
    case runIsMissing(ChannelName, EventStreamSession, hasFailed: Bool)
    /// The application's response to a request for its runs.
    case runAnswered(EventStreamSession, RunAnswer)
    /// The channel was removed. End its subscriptions.
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

  /// Posts a message. A closed lane drops it, except that an acknowledgement is completed immediately.
  ///
  /// - Returns: Whether the lane accepts messages.
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

  /// Swaps the messages with an empty array. Both arrays keep their capacity.
  func drain(into messages: inout [Message]) {
    state.withLock { state in
      state.isAwake = true
      swap(&state.messages, &messages)
    }
  }

  /// Puts the lane to sleep if the mailbox is empty. From then on, a message wakes it.
  ///
  /// - Returns: Whether the lane may sleep.
  func sleep() -> Bool {
    state.withLock { state in
      guard state.messages.isEmpty else { return false }
      state.isAwake = false
      return true
    }
  }

  /// Closes the mailbox and returns the last messages. Later messages are dropped.
  func close() -> [Message] {
    state.withLock { state in
      state.isClosed = true
      defer { state.messages = [] }
      return state.messages
    }
  }
}
