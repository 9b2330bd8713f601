import EventSourceFormat
import EventSourceServer

/// One channel of a simulated store: a value, changed under the store's lock.
struct SharedStoreChannel {
  struct Entry {
    var event: SharedEvent
    /// Whether events before it may have been lost.
    var isAfterLoss = false
    var batch = 0
  }

  private(set) var entries: [Entry] = []
  /// The newest assigned position, even if its event was trimmed.
  private(set) var last: SharedPosition?
  private(set) var lastID: EventID?
  private var incarnation: UInt64 = 0
  private var hasTrimmed = false
  private var batches = 0
  private var hasLost = false
  private var tokens: [String: [SharedPlace]] = [:]

  /// The result of a batch that was already added.
  func places(of token: String) -> [SharedPlace]? { tokens[token] }

  mutating func append(
    _ publications: [SharedPublication], token: String, incarnation: UInt64, newEpoch: () -> UInt64, keepsEpoch: Bool
  ) -> [SharedEvent] {
    var next = last.flatMap(\.next) ?? SharedPosition(epoch: newEpoch(), number: 0)
    if self.incarnation != incarnation, last != nil, !keepsEpoch { next = SharedPosition(epoch: newEpoch(), number: 0) }
    self.incarnation = incarnation
    var added: [SharedEvent] = []
    batches += 1
    for publication in publications {
      var event = publication.event
      event.id = event.id ?? EventID(unchecked: next.description)
      added.append(SharedEvent(position: next, event: event, key: publication.key))
      entries.append(Entry(event: added[added.count - 1], isAfterLoss: hasLost, batch: batches))
      hasLost = false
      last = next
      lastID = event.id
      next = next.next!
    }
    tokens[token] = added.map { SharedPlace(position: $0.position, id: $0.event.id!) }
    return added
  }

  mutating func trim(to count: Int) {
    guard entries.count > count else { return }
    hasTrimmed = true
    entries.removeFirst(entries.count - count)
  }

  /// Drops the last events as if they had never existed. Only whole batches are dropped.
  mutating func lose(_ count: Int, isToldAsLoss: Bool) {
    for _ in 0..<min(count, entries.count) where !entries.isEmpty {
      let batch = entries.removeLast().batch
      while entries.last?.batch == batch { entries.removeLast() }
    }
    if let newest = entries.last?.event {
      last = newest.position
      lastID = newest.event.id
    } else if !hasTrimmed {
      (last, lastID) = (nil, nil)
    }
    let known = last
    tokens = tokens.filter { places in known.map { last in places.value.allSatisfy { $0.position <= last } } ?? false }
    if isToldAsLoss { hasLost = true }
  }

  func events(after position: SharedPosition) -> [Entry]? {
    if position == .beginning { return hasTrimmed ? nil : entries }
    if let index = entries.lastIndex(where: { $0.event.position == position }) { return Array(entries[(index + 1)...]) }
    if position == last { return [] }
    guard let first = entries.first, first.event.position == position.next else { return nil }
    return entries
  }
}
