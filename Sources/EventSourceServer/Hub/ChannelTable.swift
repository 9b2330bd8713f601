/// A hub's channels, by name and in order of creation. The order lets callers list channels in pages while others come
/// and go. Guarded by the hub's lock on the table.
struct ChannelTable {
  private var byName: [ChannelName: EventChannel] = [:]
  /// Ordered by incarnation. A removed channel leaves `nil` until the array is compacted.
  private var inOrder: [(incarnation: UInt64, channel: EventChannel?)] = []

  var count: Int { byName.count }
  var values: some Collection<EventChannel> { byName.values }

  subscript(name: ChannelName) -> EventChannel? { byName[name] }

  /// Adds a channel. Its name must be free and its incarnation later than all previous ones.
  mutating func insert(_ channel: EventChannel) {
    byName[channel.name] = channel
    inOrder.append((channel.incarnation, channel))
  }

  /// Removes a channel. Amortized constant time plus a binary search.
  @discardableResult
  mutating func remove(_ name: ChannelName) -> EventChannel? {
    guard let channel = byName.removeValue(forKey: name) else { return nil }
    inOrder[index(after: channel.incarnation) - 1].channel = nil
    if inOrder.count > 2 * byName.count + 16 { inOrder.removeAll { $0.channel == nil } }
    return channel
  }

  /// Returns at most `limit` channels after an incarnation.
  func page(after incarnation: UInt64, limit: Int) -> [EventChannel] {
    Array(inOrder[index(after: incarnation)...].lazy.compactMap(\.channel).prefix(limit))
  }

  /// Returns the index of the first entry after an incarnation.
  private func index(after incarnation: UInt64) -> Int {
    var low = 0
    var high = inOrder.count
    while low < high {
      let middle = (low + high) / 2
      if inOrder[middle].incarnation <= incarnation { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
