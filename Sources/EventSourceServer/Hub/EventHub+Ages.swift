import Synchronization

/// Eviction of events that are older than their channel's rules allow.
extension EventHub {
  /// Registers a channel whose rules have changed. If its maximum age differs from the hub's, the channel is checked
  /// individually.
  ///
  /// Lock order: `ownAges`, then the channel.
  func noteAge(of channel: EventChannel) {
    ownAges.withLock { channels in
      let age = channel.withState { $0.isRemoved ? nil : $0.rules.age }
      guard let age, age != defaultRules.age else {
        channels[channel.incarnation] = nil
        return
      }
      channels[channel.incarnation] = channel
      shortestAge.min(age, ordering: .relaxed)
    }
  }

  /// Evicts segments in which every event is older than the channel's maximum age. Runs at most eight times within the
  /// shortest maximum age.
  func evictAged() {
    let shortest = shortestAge.load(ordering: .relaxed)
    guard shortest != .never else { return }
    let last = lastSweep.load(ordering: .relaxed)
    let now = now
    guard now - last >= shortest / 8,
      lastSweep.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
    else { return }
    // The creation time is a cheap test in the registry's order. Reading the time of the last append requires the
    // owner's lock.
    if let age = defaultRules.age {
      for (segment, owner) in registry.oldest(while: { now - $0.made > age }) {
        let isAged = owner.withState { state in state.rules.age.map { now - segment.lastAppend > $0 } ?? false }
        if isAged, owner.evict(segment, owner: self.owner(of: owner)) { forgetIfUnused(owner) }
      }
    }
    for channel in ownAges.withLock({ Array($0.values) }) {
      while let oldest = channel.oldestAged(now), channel.evict(oldest, owner: owner(of: channel)) {}
      forgetIfUnused(channel)
    }
  }
}

extension EventChannel {
  /// Returns the oldest segment if every event in it is older than the rules allow.
  fileprivate func oldestAged(_ now: Int64) -> LogSegment? {
    withState { state in
      guard let age = state.rules.age, let oldest = state.log.segments.first, now - oldest.lastAppend > age else {
        return nil
      }
      return oldest
    }
  }
}
