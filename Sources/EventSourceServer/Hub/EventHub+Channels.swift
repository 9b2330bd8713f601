import Synchronization

extension EventHub {
  /// Opens a channel. If there is already one with this name, it keeps its rules.
  ///
  /// The maximum number of channels applies only to those created on demand, not here.
  ///
  /// - Parameters:
  ///   - name: The channel.
  ///   - rules: The channel's rules. `nil` means the hub's defaults. Traps if they are invalid, so call
  ///     ``ChannelConfiguration/validate()`` first on rules that come from user input.
  /// - Returns: Whether the channel was opened.
  @discardableResult
  public func openChannel(_ name: ChannelName, configuration rules: ChannelConfiguration? = nil) -> Bool {
    do {
      try rules?.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    guard channels.withLock({ $0[name] == nil }) else { return false }
    return insert(name, rules, configuration.repositoryProvider?(name), isExplicit: false)
  }

  /// Removes a channel. Its readers' streams end after everything published, and its log is discarded.
  ///
  /// A channel that is opened under the same name later is a different one: a reader that returns with an ID of the old
  /// channel gets a gap event, unless a repository has the events. Publications that are waiting for the channel's
  /// repository are recorded, and published to a channel with that name if it has the same repository by then.
  public func removeChannel(_ name: ChannelName) {
    removeChannel(name, if: nil)
  }

  /// Removes the channel with this name if it is the expected one.
  func removeChannel(_ name: ChannelName, if expected: EventChannel?) {
    let removed = channels.withLock { channels -> (EventChannel, hasReaders: Bool)? in
      guard let channel = channels[name], expected == nil || channel === expected else { return nil }
      channels.remove(name)
      let (recording, hasReaders) = channel.withState { state in
        state.isRemoved = true
        return (state.recording, !state.audiences.isEmpty)
      }
      if let recording, !recording.retire() { recordings.withLock { $0[name] = recording } }
      return (channel, hasReaders)
    }
    guard let (channel, hasReaders) = removed else { return }
    if let follower = channel.withState({ $0.follower }) { stopFollowing(channel, follower) }
    noteAge(of: channel)
    // If the channel has readers, the last one to leave evicts the log.
    if hasReaders {
      post(toAllLanes: .remove(channel))
    } else {
      channel.evictAll(owner: owner(of: channel))
    }
  }

  /// Returns the channel to publish to or read from. Creates it if the hub creates channels on demand.
  func findChannel(_ name: ChannelName) throws(PublishError) -> EventChannel {
    guard admissions.phase != .closed else { throw .closed }
    while true {
      if let channel = channels.withLock({ $0[name] }) { return channel }
      guard configuration.channelCreation == .onDemand else { throw .unknownChannel(name) }
      let limit = configuration.maximumChannels
      guard channels.withLock({ $0.count < limit }) else { throw .tooManyChannels(limit: limit) }
      let repository = configuration.repositoryProvider?(name)
      guard insert(name, nil, repository, isExplicit: false, limit: limit) else { continue }
    }
  }

  /// Creates a channel.
  ///
  /// - Returns: `false` if there is already a channel with this name or the limit is reached.
  func insert(
    _ name: ChannelName, _ rules: ChannelConfiguration?, _ repository: (any EventRepository)?, isExplicit: Bool,
    limit: Int = .max
  ) -> Bool {
    let rules = rules.map { ChannelRules($0, hubRetention: configuration.retention) } ?? defaultRules
    let made = channels.withLock { channels -> EventChannel? in
      guard channels[name] == nil, channels.count < limit else { return nil }
      // Lock order: the table of channels, then `recordings`.
      let incarnation = incarnations.add(1, ordering: .relaxed).newValue
      let channel = EventChannel(
        name: name, incarnation: incarnation, idPrefix: positions.prefix(of: incarnation), rules,
        history: repository.map { ChannelHistory($0, follower: makeFollower($0)) },
        recording: recordings.withLock { $0.removeValue(forKey: name) })
      channel.withState { $0.hasExplicitRepository = isExplicit }
      channels.insert(channel)
      return channel
    }
    guard let made else { return false }
    if rules !== defaultRules { noteAge(of: made) }
    if waitingRequests.load(ordering: .sequentiallyConsistent) > 0 { post(toAllLanes: .opened(name)) }
    return true
  }

  /// Forgets a channel that was created on demand and is no longer in use. Called when its last reader leaves, its log
  /// is evicted or its last handle is released.
  func forgetIfUnused(_ channel: EventChannel) {
    guard configuration.channelCreation == .onDemand else { return }
    let isForgotten = channels.withLock { channels -> Bool in
      guard channels[channel.name] === channel else { return false }
      let isUnused = channel.withState { state in
        let isUnused =
          state.audiences.isEmpty && state.readers == 0 && state.handles == 0 && !state.hasExplicitRepository
          && state.log.segments.isEmpty && state.follower.map { $0.phase == .idle } ?? true
        // A channel whose events are being recorded stays.
        guard isUnused, state.recording?.retire() != false else { return false }
        state.isRemoved = true
        return true
      }
      if isUnused { channels.remove(channel.name) }
      return isUnused
    }
    if isForgotten { noteAge(of: channel) }
  }
}
