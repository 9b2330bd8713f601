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
      channels[name] = EventChannel(name: name, rules ?? configuration.channelDefaults)
      return true
    }
  }

  /// Removes a channel: its readers' streams end, when they have what is published, and its past is forgotten.
  public func remove(_ name: ChannelName) {
    guard let channel = channels.withLock({ $0.removeValue(forKey: name) }) else { return }
    let hasReaders = channel.withState { state in
      state.isRemoved = true
      return !state.audiences.isEmpty
    }
    // The last reader that leaves sees to the log.
    if hasReaders { post(toAllLanes: .end(channel, .channelRemoved)) } else { giveUpAll(of: channel) }
  }

  /// Gives a channel its history, instead of any that it has; opens the channel if there is none of this name.
  ///
  /// Readers that return with a last event ID which the channel's log no longer holds are replayed from it. If it is a
  /// ``RecordingEventRepository``, the channel's events are published by ``publish(_:to:awaiting:)``, and recorded in
  /// it first.
  public func register(_ repository: any EventRepository, for name: ChannelName) {
    open(name)
    guard let channel = channels.withLock({ $0[name] }) else { return }
    channel.withState { state in
      state.repository = repository
      state.recorder = repository as? any RecordingEventRepository
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
      let channel = EventChannel(name: name, configuration.channelDefaults)
      channels[name] = channel
      return channel
    }
    if let found { return found }
    throw isOnDemand ? .tooManyChannels(limit: configuration.maximumChannels) : .unknownChannel(name)
  }

  /// The last reader of a channel has left: one that was made on demand and has no past is forgotten.
  func forgetIfUnused(_ channel: EventChannel) {
    guard configuration.channelCreation == .onDemand else { return }
    channels.withLock { channels in
      guard channels[channel.name] === channel else { return }
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

/// Giving up what is beyond the hub's limits.
extension EventHub {
  func home(of channel: EventChannel) -> LogHome {
    LogHome(channel: channel, registry: registry, budget: budget)
  }

  /// Gives up the oldest segments of the hub until the budget is kept, or there are none left that a log holds.
  func giveUpOldest() {
    while budget.isExceeded, let oldest = registry.oldest() { giveUp(oldest.segment, of: oldest.owner) }
  }

  /// Gives up segments in which everything is older than the configured age. At most eight times within an age.
  func giveUpAged(now: Int64) {
    guard let age = configuration.log.age?.nanoseconds else { return }
    let last = lastSweep.load(ordering: .relaxed)
    guard now - last >= age / 8,
      lastSweep.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
    else { return }
    // Made before then is a cheap test in the registry's order; used since then needs the owner's lock.
    for (segment, owner) in registry.oldest(while: { now - $0.made > age }) {
      if owner.withState({ _ in now - segment.lastAppend > age }) { giveUp(segment, of: owner) }
    }
  }

  private func giveUp(_ segment: LogSegment, of owner: EventChannel) {
    // Only the oldest of its channel can go; that another thread was faster, or an older one is still in use, is no
    // matter.
    if owner.evict(segment, home: home(of: owner)) { forgetIfUnused(owner) }
  }

  func giveUpAll(of channel: EventChannel) {
    channel.withState { state in
      while !state.log.segments.isEmpty { state.log.removeOldestSegment(home: home(of: channel)) }
    }
  }
}
