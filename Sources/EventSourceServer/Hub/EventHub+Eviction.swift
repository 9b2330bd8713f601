import Synchronization

/// Eviction that keeps the hub within its memory limit.
extension EventHub {
  /// The number of oldest segments to search for one that every lane has offered.
  private static let candidates = 64

  func owner(of channel: EventChannel) -> LogOwner {
    // A segment without a registry is not evicted. The collection of a run manages the run's memory.
    LogOwner(channel: channel, registry: channel.run == nil ? registry : nil, budget: budget)
  }

  /// Brings the hub's bytes below the limit after an event was published to a channel.
  ///
  /// Segments that every lane has offered to its readers are evicted first, the hub's oldest before others. Next are
  /// the older segments of the channel that was published to, offered or not. If the readers' stacks still hold too
  /// much memory, the slow readers are disconnected. As a last resort, the hub's oldest segments are evicted although
  /// not all readers have been offered them. Both kinds of eviction are counted in ``HubStatistics/evictedUnoffered``,
  /// and the affected readers get a gap event or are disconnected.
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

  /// Evicts a segment if it is its channel's oldest and every lane has offered it.
  ///
  /// - Returns: Whether the segment was evicted.
  private func evict(_ segment: LogSegment, of owner: EventChannel) -> Bool {
    guard owner.evict(segment, owner: self.owner(of: owner)) else { return false }
    forgetIfUnused(owner)
    return true
  }
}
