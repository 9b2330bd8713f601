import Synchronization

internal import EventSourceFormat

/// The control channel of a collection whose history is shared. Processes send requests to stop and questions about
/// runs through it.
///
/// Messages may be lost: whoever needs an answer asks again. The channel is followed while the process produces or
/// follows a run, and for the hub's linger after that.
final class RunControl: Sendable {
  private struct State {
    var users = 0
    /// The end of the interval in progress. `nil` until a lane has seen that a run is followed.
    var intervalEnd: Int64?
  }

  private let hub: EventHub
  private let channel: EventChannel
  private let state = Mutex(State())
  /// The interval between two questions, and the number of unanswered questions after which a process is taken for
  /// ended.
  let interval: Int64
  let mostUnanswered: Int

  init(
    _ hub: EventHub, _ repository: any SharedEventRepository, _ name: ChannelName, _ rules: ChannelRules,
    _ configuration: RunCollection.Configuration, _ receiver: @escaping @Sendable (ServerSentEvent) -> Void
  ) {
    self.hub = hub
    // No run has this ID.
    channel = EventChannel(
      name: ChannelName(unchecked: name.rawValue + "/#"),
      incarnation: hub.incarnations.add(1, ordering: .relaxed).newValue, idPrefix: "", rules,
      history: ChannelHistory(repository, follower: hub.makeFollower(repository)), recording: nil, receiver: receiver)
    let timeout = max(4, configuration.producerTimeout.nanoseconds)
    // The producer's process stops a run that nobody is said to watch.
    interval = max(1, min(timeout / 4, (configuration.unwatchedLimit?.nanoseconds ?? .never) / 3))
    mostUnanswered = max(3, Int(timeout / interval) - 1)
  }

  /// Follows the channel for a run.
  func retain() {
    let isFirst = state.withLock { state in
      state.users += 1
      return state.users == 1
    }
    if isFirst { hub.waitUntilFollowed(channel) }
  }

  func release() {
    let isLast = state.withLock { state in
      state.users -= 1
      return state.users == 0
    }
    if isLast { hub.waitingEnded(for: channel) }
  }

  /// Sends a message. Nobody waits for it unless the caller does.
  @discardableResult
  func send(_ message: RunMessage) throws -> (publication: Publication, queue: RecordingQueue) {
    let event = try hub.prepare(message.event, key: nil)
    guard let queue = channel.makeRecording(), let publication = try queue.enqueue(event, in: hub, for: channel) else {
      throw RunError.closed
    }
    return (publication, queue)
  }

  /// Begins or ends intervals.
  ///
  /// - Returns: Whether an interval is over, and when the next one is.
  func intervalIsOver(at now: Int64, hasFollowed: Bool) -> (isOver: Bool, next: Int64) {
    state.withLock { state in
      guard hasFollowed else {
        state.intervalEnd = nil
        return (false, .never)
      }
      let isOver = state.intervalEnd.map { $0 <= now } ?? false
      let next = isOver ? now + interval : state.intervalEnd ?? now + interval
      state.intervalEnd = next
      return (isOver, next)
    }
  }

  func close() {
    channel.recording?.close()
    let follower = channel.withState { state in
      state.isRemoved = true
      state.follower?.waitingRequests = 0
      return state.follower
    }
    if let follower { hub.stopFollowing(channel, follower) }
  }
}
