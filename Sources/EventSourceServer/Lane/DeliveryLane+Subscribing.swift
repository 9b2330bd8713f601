internal import EventSourceFormat

/// The place where a reader begins in each of its channels.
extension DeliveryLane {
  /// A reader's beginning, as determined by the log, the repository and the gap policy.
  private enum Beginning {
    case at(LogSnapshot.Place)
    case replay(Replay)
    case gap(LogSnapshot.Place, earliest: String?)
  }

  enum SubscriptionResult {
    case subscribed
    /// The channel has the maximum number of readers.
    case isFull
    /// The channel is shared, and its order is not followed yet.
    case notFollowed
  }

  /// Subscribes a stream to a channel in one step: the reader is counted, the lane is notified of events published from
  /// now on, and the reader's place is the log's end.
  ///
  /// - Parameter isHead: Whether the request is HEAD. It does not become a stream, so the channel need not be followed.
  func subscribe(
    _ session: EventStreamSession, to name: ChannelName, isHead: Bool
  ) throws(PublishError) -> SubscriptionResult {
    let most = hub.configuration.maximumReadersPerChannel ?? .max
    while true {
      let channel = try session.handler.findChannel(name)
      let known = audiences[ObjectIdentifier(channel)]
      var isFollowed = true
      let result = channel.withState { state -> (Subscription, ChannelClaim)?? in
        // The channel was removed after the lookup. Look it up again.
        guard !state.isRemoved else { return .none }
        isFollowed = isHead || state.follower.map(\.isFollowing) ?? true
        guard isFollowed else { return .some(nil) }
        guard state.readers < most else { return .some(nil) }
        state.readers += 1
        let audience = known ?? LaneAudience(channel: channel, mailbox: mailbox, state)
        if known == nil { state.audiences.append(audience) }
        let subscription = Subscription(
          session: session, audience: audience, cursor: state.log.end, ordinal: state.log.endOrdinal)
        return .some((subscription, channel.claimAtEnd(state)))
      }
      guard let result else { continue }
      guard isFollowed else { return .notFollowed }
      guard let (subscription, claim) = result else { return .isFull }
      audiences[ObjectIdentifier(channel)] = subscription.audience
      subscription.audience.insert(subscription, into: .idle)
      session.subscriptions.append(subscription)
      session.composite?.append(
        channel.name, isHidden: subscription.isAliased, idPrefix: channel.idPrefix, claim)
      return .subscribed
    }
  }

  /// Moves the reader to its beginning in each of its channels.
  ///
  /// - Returns: The first channel that is known to be missing events.
  func begin(_ session: EventStreamSession, lastEventID: String?) -> ChannelName? {
    let composite = lastEventID.flatMap(CompositeEventID.init(parsing:))
    var firstMissing: ChannelName?
    for subscription in session.subscriptions {
      let named = composite?[subscription.channel.name.rawValue, isHidden: subscription.isAliased]
      let beginning: Beginning
      if composite != nil {
        beginning = resume(subscription, after: named)
      } else if let lastEventID {
        beginning = resume(subscription, after: lastEventID)
      } else {
        beginning = beginNew(subscription)
      }
      let missingAfter = composite == nil ? lastEventID : named
      switch beginning {
      case .at(let place):
        move(subscription, to: place)
      case .replay(let replay):
        subscription.replay = replay
        apply(.replay(.due), to: subscription)
      case .gap(let place, let earliest):
        firstMissing = firstMissing ?? subscription.requestedName
        move(subscription, to: place)
        // The ID of one channel says nothing about the others. The reader may have any of their events.
        let mayHaveAny = composite == nil && session.subscriptions.count > 1
        sendGap(to: subscription, after: missingAfter, earliest: mayHaveAny ? nil : earliest)
        if case .snapshot(let provider) = session.handler.configuration.gapPolicy {
          askForSnapshot(provider, for: subscription)
        }
      }
    }
    for subscription in session.subscriptions { askForNewestEvent(for: subscription) }
    return firstMissing
  }

  private func move(_ subscription: Subscription, to place: LogSnapshot.Place) {
    subscription.cursor = place.position
    subscription.ordinal = place.ordinal
    if subscription.channel.hasUnread(behind: place.position) { apply(.published, to: subscription) }
  }

  /// Returns the beginning of a reader that has nothing yet.
  private func beginNew(_ subscription: Subscription) -> Beginning {
    let handler = subscription.session.handler
    let log = subscription.channel.snapshot()
    if let provider = handler.configuration.snapshotForNewReaders {
      // It has nothing of this channel yet, whatever it gets from other channels before the snapshot.
      subscription.session.composite?.leaveOut(Int(subscription.number))
      return .replay(Replay(snapshotOf: provider, before: log))
    }
    guard handler.configuration.replaysToNewReaders else { return .at(log.endPlace) }
    return beginAtStart(subscription, log)
  }

  /// Returns the beginning of a reader that gets everything available.
  private func beginAtStart(_ subscription: Subscription, _ log: LogSnapshot) -> Beginning {
    let session = subscription.session
    if let repository = subscription.channel.replaySource {
      session.composite?.replace(Int(subscription.number), by: .beginning)
      return .replay(Replay(source: repository, before: log))
    }
    let start = log.startPlace
    session.composite?.replace(Int(subscription.number), by: .number(start.ordinal))
    return .at(start)
  }

  /// Returns the beginning of a reader that resumes.
  ///
  /// - Parameter id: The ID of the channel's last event that the reader has. Empty means that it has none and must get
  ///   every event. `nil` means that it is unknown.
  private func resume(_ subscription: Subscription, after id: String?) -> Beginning {
    let session = subscription.session
    let channel = subscription.channel
    let number = Int(subscription.number)
    let log = channel.snapshot()
    if id == "" {
      // The reader must get every event from the very first. The log alone has them only if it has evicted nothing.
      if channel.run == nil, let shared = channel.withState({ $0.follower?.repository }) {
        session.composite?.replace(number, by: .beginning)
        return .replay(Replay(source: WholeSharedHistory(shared), before: log))
      }
      let hasRepository = channel.replaySource != nil
      if hasRepository || log.startOrdinal == 0 {
        let beginning = beginAtStart(subscription, log)
        if case .replay(let replay) = beginning { replay.needsEveryEvent = true }
        return beginning
      }
    } else if let id {
      if let place = hub.place(after: id, in: log, of: channel) ?? channel.endIfShared(id) {
        let claim: ChannelClaim =
          hub.positions.position(in: id) == nil ? .own(id, number: place.ordinal) : .number(place.ordinal)
        session.composite?.replace(number, by: claim)
        return .at(place)
      }
      if let repository = channel.replaySource {
        session.composite?.replace(number, by: .own(id, number: nil))
        let last = EventID(unchecked: id)
        let replay = Replay(source: repository, lastEventID: last, before: log)
        note(last, isHadBy: replay, of: channel)
        return .replay(replay)
      }
    }
    // If the ID does not name the channel, the reader may have any events, including retained ones.
    let earliest = id == nil ? nil : log.oldestID
    if case .replayAvailable = session.handler.configuration.gapPolicy {
      // A quiet channel of a history has IDs of the history only, which alone are known after a restart.
      let claim = channel.withState { state in
        log.start == state.log.end ? channel.claimAtEnd(state) : .number(log.startOrdinal)
      }
      session.composite?.replace(number, by: claim)
      return .gap(log.startPlace, earliest: earliest)
    }
    return .gap(log.endPlace, earliest: earliest)
  }

  func unsubscribe(_ subscription: Subscription) {
    subscription.replay?.request?.cancel()
    subscription.replay = nil
    let audience = subscription.audience
    if subscription.state.isReplaying { audience.countReplay(-1) }
    audience.remove(subscription)
    let isLastOfShared = audience.channel.withState { state in
      state.readers -= 1
      return state.readers == 0 && state.follower != nil
    }
    if isLastOfShared { hub.readerLeft(audience.channel) }
    if subscription.isViewing { audience.channel.run?.store.apply(.viewerLeft, to: audience.channel) }
    releaseIfUnused(audience)
    hub.forgetIfUnused(audience.channel)
  }

  /// Removes an audience without readers. An audience with a broadcast in progress is checked when the broadcast ends.
  func releaseIfUnused(_ audience: LaneAudience) {
    guard audience.isEmpty, audience.pass == nil else { return }
    audience.releaseCohorts()
    audience.compression?.release()
    let channel = audience.channel
    if audiences[ObjectIdentifier(channel)] === audience { audiences[ObjectIdentifier(channel)] = nil }
    for (_, acknowledgement) in audience.acknowledgements { acknowledgement.laneIsDone() }
    audience.acknowledgements = []
    let isLastOfRemoved = channel.withState { state in
      state.audiences.removeAll { $0 === audience }
      return state.isRemoved && state.audiences.isEmpty
    }
    if isLastOfRemoved { channel.evictAll(owner: hub.owner(of: channel)) }
  }
}

/// The newest event in a recorded channel's history. With its ID, a reader that has received nothing of the channel can
/// resume after it, even after a restart of the program.
extension DeliveryLane {
  func askForNewestEvent(for subscription: Subscription) {
    guard subscription.session.composite?[Int(subscription.number)] == .unknown else { return }
    hub.askForNewestEvent(of: subscription.channel)
  }

  /// Handles the newest event's ID from the mailbox, for readers that have received at most comments from the channel's
  /// log.
  ///
  /// - Parameter comments: The number of comments in the log when the history answered. It had no event.
  func newestEventIsKnown(_ id: EventID?, of channel: EventChannel, comments: UInt64) {
    guard let audience = audiences[ObjectIdentifier(channel)] else { return }
    let comments = channel.withState { $0.log.newestEvent == nil ? $0.log.endOrdinal : comments }
    func claim(at ordinal: UInt64) -> ChannelClaim { id.map { .own($0.rawValue, number: ordinal) } ?? .beginning }
    for subscription in audience.idle + audience.waiting
    where subscription.ordinal <= comments && !subscription.state.isReplaying {
      subscription.session.composite?.learn(Int(subscription.number), claim(at: subscription.ordinal))
    }
    for cohort in audience.cohorts where audience.ordinal <= comments {
      guard let number = cohort.audiences.firstIndex(where: { $0 === audience }) else { continue }
      cohort.composite?.learn(number, claim(at: audience.ordinal))
    }
  }
}
