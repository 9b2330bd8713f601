import Synchronization

extension EventHub {
  /// Sets a channel's repository, and opens the channel if there is none with this name.
  ///
  /// Readers that return with a last event ID that the channel's log no longer retains are replayed from it. If it is a
  /// ``RecordingEventRepository``, it records the channel's events before they are published, so publish with the
  /// asynchronous form.
  ///
  /// It takes precedence over ``Configuration/repositoryProvider``, and keeps a channel that was created on demand from
  /// being forgotten.
  public func setRepository(_ repository: any EventRepository, for name: ChannelName) {
    while true {
      // If the channel is removed after the lookup, it is opened again.
      if let channel = channels.withLock({ $0[name] }) {
        if setRepository(repository, of: channel) { return }
      } else if insert(name, nil, repository, isExplicit: true) {
        return
      }
    }
  }

  /// Removes a channel's repository, including one from ``Configuration/repositoryProvider``. The channel has none
  /// until it is removed.
  ///
  /// - Parameters:
  ///   - name: The channel.
  ///   - disconnectingReaders: Whether the streams of its readers end. Otherwise they continue live.
  public func removeRepository(for name: ChannelName, disconnectingReaders: Bool = false) {
    guard let channel = channels.withLock({ $0[name] }) else { return }
    _ = setRepository(nil, of: channel)
    if disconnectingReaders { post(toAllLanes: .end(channel, .channelRemoved)) }
  }

  /// Sets or removes a channel's repository.
  ///
  /// - Returns: `false` if the channel is removed.
  private func setRepository(_ repository: (any EventRepository)?, of channel: EventChannel) -> Bool {
    let history = repository.map { ChannelHistory($0, follower: makeFollower($0)) }
    let (isSet, before) = channel.withState { state -> (Bool, ChannelFollower?) in
      guard !state.isRemoved else { return (false, nil) }
      let before = state.follower
      if let history {
        let isSameAsBefore = history.recorder.flatMap { new in state.recorder.map { isSame(new, $0) } } ?? false
        history.recordsFrom = isSameAsBefore ? state.history?.recordsFrom ?? 0 : state.log.end
      }
      state.history = history
      // Without a provider, a channel that is created again has no repository either.
      state.hasExplicitRepository = repository != nil || configuration.repositoryProvider != nil
      if repository != nil { state.newestOfHistory = .notAsked }
      return (true, before)
    }
    if let before { stopFollowing(channel, before) }
    if history?.follower != nil { requestLook(at: channel) }
    return isSet
  }
}
