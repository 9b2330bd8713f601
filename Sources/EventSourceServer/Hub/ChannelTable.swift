/// A hub's channels by their names, and in the order in which they were made, so that they can be listed in pages while
/// others come and go. Guarded by the hub's lock for it.
struct ChannelTable {
  private var byName: [ChannelName: EventChannel] = [:]
  /// In the order of their incarnations; one that was removed leaves nil until the array is compacted.
  private var inOrder: [(incarnation: UInt64, channel: EventChannel?)] = []

  var count: Int { byName.count }
  var values: some Collection<EventChannel> { byName.values }

  subscript(name: ChannelName) -> EventChannel? { byName[name] }

  /// Adds a channel whose name is free, and whose incarnation is later than all before.
  mutating func insert(_ channel: EventChannel) {
    byName[channel.name] = channel
    inOrder.append((channel.incarnation, channel))
  }

  /// Constant time on average, and a binary search.
  @discardableResult
  mutating func remove(_ name: ChannelName) -> EventChannel? {
    guard let channel = byName.removeValue(forKey: name) else { return nil }
    inOrder[index(after: channel.incarnation) - 1].channel = nil
    if inOrder.count > 2 * byName.count + 16 { inOrder.removeAll { $0.channel == nil } }
    return channel
  }

  /// The next channels behind an incarnation, at most so many.
  func page(after incarnation: UInt64, limit: Int) -> [EventChannel] {
    Array(inOrder[index(after: incarnation)...].lazy.compactMap(\.channel).prefix(limit))
  }

  /// The index of the first entry behind an incarnation.
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
