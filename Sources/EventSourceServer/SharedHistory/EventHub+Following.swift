import Synchronization

internal import EventSourceFormat

/// Following of channels with a shared history.
extension EventHub {
  /// The limits of one request for missing events.
  private static let fillEvents = 256
  private static let fillBytes = 256 << 10

  /// Returns a follower for a channel if its repository is shared.
  func makeFollower(_ repository: (any EventRepository)?) -> ChannelFollower? {
    guard let shared = repository as? any SharedEventRepository else { return nil }
    return ChannelFollower(
      shared,
      ChannelFollower.Times(
        linger: configuration.followLinger.nanoseconds, answer: configuration.recordingTimeout.nanoseconds,
        stale: configuration.staleLimit?.nanoseconds))
  }

  /// Counts a request that waits until the channel is followed. The caller must call ``waitingEnded(for:)`` once.
  func waitUntilFollowed(_ channel: EventChannel) {
    channel.withState { state in
      state.follower?.waitingRequests += 1
      state.follower?.begin(feed: EventFeed(channel, of: self))
    }
    requestLook(at: channel)
  }

  func waitingEnded(for channel: EventChannel) {
    channel.withState { state in
      guard let follower = state.follower, follower.waitingRequests > 0 else { return }
      follower.waitingRequests -= 1
      follower.keep()
    }
    requestLook(at: channel)
  }

  /// Handles a channel that may have lost its last reader.
  func readerLeft(_ channel: EventChannel) {
    let isUnread = channel.withState { state -> Bool in
      guard state.readers == 0, let follower = state.follower, follower.phase != .idle else { return false }
      follower.keep()
      return true
    }
    if isUnread { requestLook(at: channel) }
  }

  /// Asks a lane to check a channel in its next run, because a lane knows the time. Without lanes there are no readers.
  func requestLook(at channel: EventChannel) {
    let isNew = channel.withState { state -> Bool in
      guard let follower = state.follower, !follower.isLookRequested else { return false }
      follower.isLookRequested = true
      return true
    }
    guard isNew else { return }
    if lanes.withLock({ $0.first })?.post(.look(channel)) != true { look(at: channel) }
  }

  /// Performs the actions that are due for a channel, and schedules the next check.
  func look(at channel: EventChannel) {
    let (actions, next, repository) = channel.withState {
      state -> ([ChannelFollower.Action], Int64?, (any SharedEventRepository)?) in
      guard let follower = state.follower else { return ([], nil, nil) }
      follower.isLookRequested = false
      if state.readers > 0, !state.isRemoved, admissions.phase != .closed {
        follower.begin(feed: EventFeed(channel, of: self))
      }
      let (actions, next) = follower.due(at: now, readers: state.readers)
      // Events in the log from an earlier time would be mistaken for a part of the order.
      if follower.phase == .idle, !state.log.segments.isEmpty { state.log.cut(owner: owner(of: channel)) }
      guard next < follower.scheduledAt else { return (actions, nil, follower.repository) }
      follower.scheduledAt = next
      return (actions, next, follower.repository)
    }
    if let repository { perform(actions, on: channel, repository) }
    guard let next, followTimers.add(channel, at: next) else { return }
    lanes.withLock { $0.first }?.post(.lookAtTime)
  }

  /// Checks the channels that are due. Called by lanes after each run.
  func lookAtFollowed() {
    while let (channel, time) = followTimers.popFirst(at: now) {
      channel.withState { state in
        if state.follower?.scheduledAt == time { state.follower?.scheduledAt = .never }
      }
      look(at: channel)
    }
  }

  /// Stops following a channel that was removed, whose repository was replaced, or whose hub is closing.
  func stopFollowing(_ channel: EventChannel, _ follower: ChannelFollower) {
    perform(channel.withState { _ in follower.stop() }, on: channel, follower.repository)
  }

  func stopFollowingAll() {
    for channel in channels.withLock({ Array($0.values) }) {
      if let follower = channel.withState({ $0.follower }) { stopFollowing(channel, follower) }
    }
  }

  private func perform(
    _ actions: [ChannelFollower.Action], on channel: EventChannel, _ repository: any SharedEventRepository
  ) {
    for action in actions {
      switch action {
      case .anchor(let feed, let isBegun, let attempt): anchor(channel, repository, feed, isBegun, attempt)
      case .fill(let position, let attempt): fill(channel, repository, after: position, attempt)
      case .cancel(let task): task.cancel()
      case .unfollow(let feed): repository.unfollow(channel.name, feed: feed)
      case .endReaders:
        log(.error, "a channel's feed has been stale for too long; its readers are disconnected") {
          [("channel", channel.name.rawValue)]
        }
        post(toAllLanes: .end(channel, .repositoryFailed))
      case .refuseWaiting: post(toAllLanes: .followed(channel.name, isFollowed: false))
      case .becameIdle: forgetIfUnused(channel)
      case .finish(let recorded): for item in recorded { item.publication.finish(.success(item.id)) }
      }
    }
  }

  private func begin(
    _ attempt: UInt64, of channel: EventChannel, _ work: @escaping @Sendable (EventHub) async -> Void
  ) {
    let task = Task(executorPreference: configuration.taskExecutor) { [self] in await work(self) }
    let isAwaited = channel.withState { $0.follower?.note(task, of: attempt) ?? false }
    if !isAwaited { task.cancel() }
  }

  // MARK: The beginning

  private func anchor(
    _ channel: EventChannel, _ repository: any SharedEventRepository, _ feed: EventFeed, _ isBegun: Bool,
    _ attempt: UInt64
  ) {
    begin(attempt, of: channel) { hub in
      do {
        if !isBegun {
          // The feed may no longer be in use when the call returns.
          defer { if !feed.isInUse { repository.unfollow(channel.name, feed: feed) } }
          try await repository.follow(channel.name, into: feed)
        }
        hub.anchored(channel, attempt, try await repository.newestPlace(in: channel.name))
      } catch {
        hub.failed(channel, attempt, error)
      }
    }
  }

  private func anchored(_ channel: EventChannel, _ attempt: UInt64, _ newest: SharedPlace?) {
    let isAwaited = channel.withState { state -> Bool in
      guard let follower = state.follower, follower.endWork(attempt) else { return false }
      follower.anchored(at: newest?.position ?? .beginning)
      state.newestOwnID = newest?.id
      state.newestOfHistory = .known
      return true
    }
    guard isAwaited else { return }
    post(toAllLanes: .followed(channel.name, isFollowed: true))
    requestLook(at: channel)
  }

  private func failed(_ channel: EventChannel, _ attempt: UInt64, _ error: any Error) {
    let result = channel.withState { state -> ([ChannelFollower.Action], any SharedEventRepository)? in
      guard let follower = state.follower, follower.endWork(attempt) else { return nil }
      return (follower.failed(), follower.repository)
    }
    guard let (actions, repository) = result else { return }
    log(.error, "a shared repository failed; it will be asked again") {
      [("channel", channel.name.rawValue), ("error", "\(error)")]
    }
    perform(actions, on: channel, repository)
    requestLook(at: channel)
  }

  // MARK: Events of the feed

  func received(_ events: [SharedEvent], from feed: EventFeed, in channel: EventChannel) {
    guard !events.isEmpty, feed.isInUse else { return }
    let followed = events.map { ($0.position, FollowedEvent($0, of: self)) }
    receive(followed, from: feed, in: channel)
  }

  private func receive(_ events: [(SharedPosition, FollowedEvent)], from feed: EventFeed?, in channel: EventChannel) {
    let wantsFill = channel.withState { state -> Bool in
      guard let follower = state.follower, follower.phase != .idle, feed == nil || follower.feed === feed else {
        return false
      }
      for (position, event) in events { follower.order.receive(event, at: position, bytes: event.byteCount) }
      guard follower.order.wantsFill else { return false }
      follower.graceBegins()
      return true
    }
    drain(channel)
    if wantsFill { requestLook(at: channel) }
  }

  func changeOrder(
    of channel: EventChannel, from feed: EventFeed, _ change: (inout FollowerState<FollowedEvent>) -> Void
  ) {
    let isInUse = channel.withState { state -> Bool in
      guard let follower = state.follower, follower.feed === feed else { return false }
      change(&follower.order)
      return true
    }
    if isInUse { requestLook(at: channel) }
  }

  func setStale(_ isStale: Bool, from feed: EventFeed, in channel: EventChannel) {
    let isInUse = channel.withState { state -> Bool in
      guard let follower = state.follower, follower.feed === feed else { return false }
      follower.setStale(isStale)
      return true
    }
    if isInUse { requestLook(at: channel) }
  }

  // MARK: Holes

  private func fill(
    _ channel: EventChannel, _ repository: any SharedEventRepository, after position: SharedPosition, _ attempt: UInt64
  ) {
    counters.refilled()
    begin(attempt, of: channel) { hub in
      do {
        let answer = try await repository.events(
          after: position, in: channel.name, maximumEvents: Self.fillEvents, maximumBytes: Self.fillBytes)
        hub.filled(channel, attempt, after: position, answer)
      } catch {
        hub.failed(channel, attempt, error)
      }
    }
  }

  private func filled(
    _ channel: EventChannel, _ attempt: UInt64, after position: SharedPosition, _ answer: SharedAnswer
  ) {
    guard case .contiguous(let events) = answer else { return lostOrder(channel, attempt, after: position) }
    let followed = events.map { (position: $0.position, element: FollowedEvent($0, of: self)) }
    let isInOrder = channel.withState { state -> Bool in
      guard let follower = state.follower, follower.endWork(attempt) else { return true }
      let result = follower.order.filled(
        after: position, followed.lazy.map { ($0.position, $0.element, $0.element.byteCount) })
      switch result {
      case .progressed, .nothing: follower.succeeded()
      case .nothingAsHeard, .disordered: follower.foundNothing()
      }
      return result != .disordered
    }
    if !isInOrder {
      log(.error, "a shared repository returned events out of order; it will be asked again") {
        [("channel", channel.name.rawValue), ("after", "\(position)")]
      }
    }
    drain(channel)
    requestLook(at: channel)
  }

  /// Handles a store that no longer has the events after the log's end. The log is cut, so that no reader continues
  /// across the gap. Every reader is treated as one whose next event was evicted, and gets a gap event.
  private func lostOrder(_ channel: EventChannel, _ attempt: UInt64, after position: SharedPosition) {
    let result = channel.withState { state -> ([ChannelFollower.Action], any SharedEventRepository)? in
      guard let follower = state.follower, follower.endWork(attempt) else { return nil }
      state.log.cut(owner: owner(of: channel))
      state.newestOwnID = nil
      return (follower.breakOff(), follower.repository)
    }
    guard let (actions, repository) = result else { return }
    if let run = channel.run { return run.store.lostHistory(of: channel) }
    log(.warning, "a shared history no longer has what follows; readers get a gap event") {
      [("channel", channel.name.rawValue), ("after", "\(position)")]
    }
    perform(actions, on: channel, repository)
    requestLook(at: channel)
    announceCut(of: channel)
  }

  private func announceCut(of channel: EventChannel) {
    for audience in channel.withState({ $0.audiences }) { audience.mark() }
  }

  // MARK: Into the log

  /// Appends the next events one at a time, so that the lock is held only for a single event.
  private func drain(_ channel: EventChannel) {
    var hasAppended = false
    while appendNext(to: channel) {
      hasAppended = true
      if budget.isExceeded { reclaim(for: channel) }
    }
    guard hasAppended else { return }
    guard channel.run == nil, channel.receiver == nil else { return }
    let (recorded, audiences) = channel.withState { ($0.follower?.takeAppended() ?? [], $0.audiences) }
    for audience in audiences { audience.mark() }
    for item in recorded { item.publication.finish(.success(item.id)) }
  }

  /// Appends the next event.
  ///
  /// - Returns: `false` if there is nothing to append.
  private func appendNext(to channel: EventChannel) -> Bool {
    if let run = channel.run { return run.store.takeNext(of: channel) }
    if let receiver = channel.receiver {
      guard let (_, event) = channel.withState({ $0.popFollowed() }) else { return false }
      if let prepared = event.prepared { receiver(prepared.event) }
      return true
    }
    let byteCount = channel.withState { state -> Int? in
      guard let follower = state.follower, follower.isFollowing, !state.isRemoved,
        let (position, event) = follower.order.popNext()
      else { return nil }
      follower.appended(position)
      state.newestOwnID = event.id
      guard let prepared = event.prepared else {
        // An event that cannot be published here becomes a gap.
        state.log.cut(owner: owner(of: channel))
        return 0
      }
      let key = channel.isKeyed.load(ordering: .relaxed) ? prepared.keyHash : 0
      state.log.append(
        byteCount: prepared.byteCount, id: EntryID(own: event.id.rawValue), key: key, now: now,
        limits: state.rules.limits, owner: owner(of: channel)
      ) { _ = EventStreamEncoder.write(prepared.event, id: event.id, to: $0) }
      return prepared.byteCount
    }
    guard let byteCount else { return false }
    if byteCount > 0 { counters.published(bytes: byteCount) }
    return true
  }

  // MARK: Own publications

  /// Handles a batch that is in the store. If the channel is followed, each publication ends when the log has its
  /// event.
  ///
  /// - Returns: The publications that are done, with the IDs of their events.
  func recorded(
    _ batch: [Publication], at places: [SharedPlace], by repository: any SharedEventRepository, in name: ChannelName
  ) -> [(publication: Publication, id: EventID)] {
    var done = Array(zip(batch, places))
    if let channel = channels.withLock({ $0[name] }) {
      let isFollowed = channel.withState { state in
        state.follower.map { $0.phase != .idle && isSame($0.repository, repository) } ?? false
      }
      if isFollowed {
        receive(
          done.map { publication, place in
            var event = publication.event.event
            event.id = place.id
            let shared = SharedEvent(position: place.position, event: event, key: publication.event.key)
            return (place.position, FollowedEvent(shared, of: self))
          }, from: nil, in: channel)
        channel.withState { state in
          done.removeAll { publication, place in
            state.follower?.wait(for: place.position, place.id, publication) ?? false
          }
        }
      }
      if done.count < batch.count { requestLook(at: channel) }
    }
    return done.map { ($0, $1.id) }
  }
}

extension EventChannel.State {
  /// Removes and returns the next event of the shared order, which is then in the log.
  mutating func popFollowed() -> (position: SharedPosition, event: FollowedEvent)? {
    guard let follower, follower.isFollowing, !isRemoved, let (position, event) = follower.order.popNext() else {
      return nil
    }
    follower.appended(position)
    return (position, event)
  }
}
