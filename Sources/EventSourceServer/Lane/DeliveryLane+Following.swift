internal import EventSourceFormat

/// Channels with a shared history. A reader is subscribed only when the channel is followed, so that a reader which has
/// received the head gets everything that any process publishes from then on.
extension DeliveryLane {
  /// Lets the request wait. Nothing of a stream has been written.
  func waitUntilFollowed(
    _ names: [ChannelName], _ session: EventStreamSession, _ plan: StreamPlan, _ grant: ChannelGrant
  ) {
    unsubscribe(session)
    session.composite = nil
    session.requestedNames = nil
    let before = session.followWait
    let channels = names.compactMap { try? hub.findChannel($0) }.filter { $0.withState { $0.follower != nil } }
    let wait = FollowWait(
      plan, grant, for: channels, until: before?.end ?? now + hub.configuration.recordingTimeout.nanoseconds,
      revocations: before?.revocations ?? revocations.count)
    session.phase = .following(wait)
    for channel in channels { waitingForFollower[channel.name, default: [:]][ObjectIdentifier(session)] = session }
    schedule(session)
    for channel in channels { hub.waitUntilFollowed(channel) }
  }

  /// Handles a message that a channel is followed, or cannot be. Opens the streams that wait for no other channel, or
  /// rejects all that wait.
  func followed(_ name: ChannelName, _ isFollowed: Bool) {
    guard let waiting = waitingForFollower[name] else { return }
    for session in waiting.values {
      guard let wait = session.followWait else { continue }
      guard isFollowed else {
        refuseForNow(session)
        continue
      }
      guard wait.channels.allSatisfy({ $0.withState { $0.follower?.isFollowing ?? true } }) else { continue }
      let stream = OpenStream(
        identity: wait.grant.identity, channels: wait.grant.permitted(of: wait.plan.channels).map(\.channel))
      if revocations.concern(stream, since: wait.revocations, of: ObjectIdentifier(session)) {
        reject(session, .forbidden)
        continue
      }
      open(session, wait.plan, wait.grant)
      if session.followWait !== wait { endWaitingForFollower(session, wait) }
    }
  }

  /// Ends the request's wait, if there is one.
  func endWaitingForFollower(_ session: EventStreamSession) {
    if let wait = session.followWait { endWaitingForFollower(session, wait) }
  }

  private func endWaitingForFollower(_ session: EventStreamSession, _ wait: FollowWait) {
    guard !wait.isOver else { return }
    wait.isOver = true
    let next = session.followWait
    for channel in wait.channels {
      // The session may wait for the same channel again.
      let waitsAgain = next.map { next in next !== wait && next.channels.contains { $0.name == channel.name } } ?? false
      if !waitsAgain {
        waitingForFollower[channel.name]?[ObjectIdentifier(session)] = nil
        if waitingForFollower[channel.name]?.isEmpty == true { waitingForFollower[channel.name] = nil }
      }
      hub.waitingEnded(for: channel)
    }
  }

  /// Handles a shared history that has nothing after the reader's last event, while the log does not have that event.
  /// The reader comes from a process that is ahead of this one, so the log will get the event.
  func sharedHistoryEnded(_ subscription: Subscription) {
    guard let replay = subscription.replay, let id = replay.lastEventID else { return }
    let channel = subscription.channel
    if let place = channel.endIfShared(id.rawValue) { return join(subscription, at: place) }
    if replay.pausedSince == .never { replay.pausedSince = now }
    guard now - replay.pausedSince < Self.recordingTime else { return apply(.historyFailed, to: subscription) }
    hub.searchEnd(of: channel)
    apply(.replay(.paused(until: now + Self.recordingPause)), to: subscription)
  }
}

extension EventStreamSession {
  /// The wait in progress, if the session waits for a follower.
  fileprivate var followWait: FollowWait? { if case .following(let wait) = phase { wait } else { nil } }
}

extension EventChannel {
  /// Returns the log's end if the channel is shared and its newest event has this ID.
  func endIfShared(_ id: String) -> LogSnapshot.Place? {
    withState { state in
      guard state.follower?.isFollowing == true, let newest = state.newestOwnID,
        newest.rawValue.utf8.elementsEqual(id.utf8)
      else { return nil }
      return state.log.endPlace
    }
  }
}

extension EventHub {
  /// Searches the store for events after the log's end, because a reader knows an event that the log does not have.
  func searchEnd(of channel: EventChannel) {
    channel.withState { $0.follower?.order.mayHaveLost() }
    requestLook(at: channel)
  }
}
