import Synchronization

extension EventHub {
  /// Opens a channel, unless there is one of this name already, which then keeps its rules.
  ///
  /// The most channels that the hub may have is a limit on what peers can cause, and does not apply here.
  ///
  /// - Parameter rules: How the channel treats slow readers; nil: as the hub's configuration says. Invalid ones are a
  ///   mistake of the programmer and stop the program, so call ``ChannelConfiguration/validate()`` first on what a
  ///   person has written.
  /// - Returns: Whether it was opened.
  @discardableResult
  public func open(_ name: ChannelName, _ rules: ChannelConfiguration? = nil) -> Bool {
    do {
      try rules?.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    return channels.withLock { channels in
      guard channels[name] == nil else { return false }
      channels[name] = makeChannel(name, rules)
      return true
    }
  }

  /// Removes a channel: its readers' streams end, when they have what is published, and its past is forgotten.
  ///
  /// A channel that is opened under the name afterwards is another: a reader that returns with an ID of the old one is
  /// told that events are missing. What waits for the channel's repository is recorded, and is published to a channel
  /// of that name which has the same repository by then.
  public func remove(_ name: ChannelName) {
    guard let channel = channels.withLock({ $0.removeValue(forKey: name) }) else { return }
    let hasReaders = channel.withState { state in
      state.isRemoved = true
      return !state.audiences.isEmpty
    }
    if let recording = channel.recording, recording.isBusy { recordings.withLock { $0[name] = recording } }
    // The last reader that leaves sees to the log.
    if hasReaders {
      post(toAllLanes: .remove(channel))
    } else {
      channel.evictAll(owner: owner(of: channel))
    }
  }

  /// Gives a channel its history, instead of any that it has; opens the channel if there is none of this name.
  ///
  /// Readers that return with a last event ID which the channel's log no longer holds are replayed from it. If it is a
  /// ``RecordingEventRepository``, the channel's events are published by ``publish(_:to:awaiting:)``, and recorded in
  /// it first.
  public func register(_ repository: any EventRepository, for name: ChannelName) {
    while true {
      open(name)
      guard let channel = channels.withLock({ $0[name] }) else { continue }
      let isDone = channel.withState { state in
        // Removed since it was found: it is opened once more.
        guard !state.isRemoved else { return false }
        state.repository = repository
        state.recorder = repository as? any RecordingEventRepository
        state.newestOfHistory = .notAsked
        return true
      }
      if isDone { return }
    }
  }

  /// Takes a channel's history away.
  ///
  /// - Parameter disconnectingReaders: Whether the streams of its readers end; otherwise they go on live.
  public func unregister(_ name: ChannelName, disconnectingReaders: Bool = false) {
    guard let channel = channels.withLock({ $0[name] }) else { return }
    channel.withState { state in
      state.repository = nil
      state.recorder = nil
    }
    if disconnectingReaders { post(toAllLanes: .end(channel, .channelRemoved)) }
  }

  /// The channel to publish to or to read from.
  func channel(_ name: ChannelName) throws(PublishError) -> EventChannel {
    guard admissions.phase != .closed else { throw .closed }
    let isOnDemand = configuration.channelCreation == .onDemand
    let found = channels.withLock { channels -> EventChannel? in
      if let channel = channels[name] { return channel }
      guard isOnDemand, channels.count < configuration.maximumChannels else { return nil }
      let channel = makeChannel(name, nil)
      channels[name] = channel
      return channel
    }
    if let found { return found }
    throw isOnDemand ? .tooManyChannels(limit: configuration.maximumChannels) : .unknownChannel(name)
  }

  /// A channel with a life of its own. Lock order: the table of channels, that of recordings.
  private func makeChannel(_ name: ChannelName, _ rules: ChannelConfiguration?) -> EventChannel {
    let incarnation = incarnations.add(1, ordering: .relaxed).newValue
    return EventChannel(
      name: name, incarnation: incarnation, idPrefix: positions.prefix(of: incarnation),
      rules ?? configuration.channelDefaults, limits: rules?.log ?? configuration.log,
      recording: recordings.withLock { $0.removeValue(forKey: name) })
  }

  /// The last reader of a channel has left, or its past was evicted: one that was made on demand and has neither is
  /// forgotten.
  func forgetIfUnused(_ channel: EventChannel) {
    guard configuration.channelCreation == .onDemand else { return }
    channels.withLock { channels in
      guard channels[channel.name] === channel, channel.recording?.isBusy != true else { return }
      let isUnused = channel.withState { state in
        let isUnused =
          state.audiences.isEmpty && state.readers == 0 && state.repository == nil && state.log.segments.isEmpty
        if isUnused { state.isRemoved = true }
        return isUnused
      }
      if isUnused { channels[channel.name] = nil }
    }
  }
}
