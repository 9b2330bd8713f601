import Synchronization

/// Keeping the hub's limits.
extension EventHub {
  /// So many of the oldest segments are looked at for one that every lane has offered.
  private static let candidates = 64

  func owner(of channel: EventChannel) -> LogOwner {
    // What is in no registry is not evicted: the collection of a run sees to its memory.
    LogOwner(channel: channel, registry: channel.run == nil ? registry : nil, budget: budget)
  }

  /// Brings the hub's bytes below the limit, after something was published to a channel.
  ///
  /// What every lane has offered to its readers goes first, the oldest of the hub before others; then the past of the
  /// channel that was published to. If readers' stacks keep the memory, the slow ones are disconnected. Only if nothing
  /// else is left, the oldest segment goes although readers have yet to be offered it: they are told, and it is counted
  /// in ``HubStatistics/evictedUnoffered``.
  func reclaim(for channel: EventChannel) {
    while budget.isExceeded, let oldest = registry.oldest(), evict(oldest.segment, of: oldest.owner) {}
    guard budget.isExceeded else { return }
    for (segment, owner) in registry.oldest(Self.candidates) where budget.isExceeded { _ = evict(segment, of: owner) }
    while budget.isExceeded, channel.evictOldest(owner: owner(of: channel)) { counters.evictedUnoffered() }
    guard budget.isExceeded else { return }
    if budget.isExceededByReaders {
      return post(toAllLanes: .disconnectSlowReaders)
    }
    while budget.isExceeded, let oldest = registry.oldest(), oldest.owner !== channel || registry.hasSeveral {
      guard oldest.owner.evict(oldest.segment, owner: owner(of: oldest.owner), isLastResort: true) else { return }
      counters.evictedUnoffered()
      forgetIfUnused(oldest.owner)
    }
  }

  /// Only the oldest of its channel can go, and only when it was offered; whether it did.
  private func evict(_ segment: LogSegment, of owner: EventChannel) -> Bool {
    guard owner.evict(segment, owner: self.owner(of: owner)) else { return false }
    forgetIfUnused(owner)
    return true
  }
}
