import Synchronization

extension EventHub {
  /// Gives a channel its history, instead of any that it has; opens the channel if there is none of this name.
  ///
  /// Readers that return with a last event ID which the channel's log no longer holds are replayed from it. If it is a
  /// ``RecordingEventRepository``, the channel's events are published by ``publish(_:to:awaiting:)``, and recorded in
  /// it first.
  ///
  /// It goes before what ``Configuration/repositoryProvider`` gives, and keeps a channel that was made on demand from
  /// being forgotten.
  public func register(_ repository: any EventRepository, for name: ChannelName) {
    while true {
      // Removed since it was found: it is opened once more.
      if let channel = channels.withLock({ $0[name] }) {
        if setRepository(repository, of: channel) { return }
      } else if insert(name, nil, repository, isExplicit: true) {
        return
      }
    }
  }

  /// Takes a channel's history away, also one that ``Configuration/repositoryProvider`` has given: the channel has none
  /// until it is removed.
  ///
  /// - Parameter disconnectingReaders: Whether the streams of its readers end; otherwise they go on live.
  public func unregister(_ name: ChannelName, disconnectingReaders: Bool = false) {
    guard let channel = channels.withLock({ $0[name] }) else { return }
    _ = setRepository(nil, of: channel)
    if disconnectingReaders { post(toAllLanes: .end(channel, .channelRemoved)) }
  }

  /// Sets or takes away a channel's history; false: the channel is removed.
  private func setRepository(_ repository: (any EventRepository)?, of channel: EventChannel) -> Bool {
    channel.withState { state in
      guard !state.isRemoved else { return false }
      state.repository = repository
      // Without a provider a channel that is made anew has none either.
      state.hasExplicitRepository = repository != nil || configuration.repositoryProvider != nil
      if repository != nil { state.newestOfHistory = .notAsked }
      return true
    }
  }
}
