import Synchronization

/// The number of streams that read each channel. Channels are counted by name, so removing a channel and opening it
/// again makes no difference. Exists only in hubs with observers. A channel's entry is removed when the channel is
/// vacated.
///
/// Time is the hub's, which advances when lanes run. Each lane learns when the next channel becomes vacant. Lock order:
/// a channel's lock, then this one, then an observer's feed.
final class OccupancyLedger: Sendable {
  private struct Entry {
    var readers = 0
    /// The time at which the channel is vacated, if it has no readers.
    var vacantAt = Int64.never
  }

  private struct State {
    var entries: [ChannelName: Entry] = [:]
    /// Ordered by time. An entry whose channel is occupied again is skipped.
    var lingering = FIFOQueue<(name: ChannelName, until: Int64)>()
    var queued = 0
    /// The number of entries without readers.
    var vacant = 0
    var streams: UInt64 = 0
  }

  private let state = Mutex(State())
  /// The next time in the queue, which lanes check in every run.
  private let next = Atomic(Int64.never)
  private let feeds: [OccupancyFeed]
  private let linger: Int64
  private let mostLingering: Int

  init(_ configuration: EventHub.Configuration) {
    feeds = configuration.occupancyObservers.map { OccupancyFeed($0, executor: configuration.taskExecutor) }
    linger = configuration.occupancyLinger.nanoseconds
    mostLingering = configuration.maximumChannels
  }

  /// Counts a stream that was opened. Called on its lane's thread.
  func opened(_ session: EventStreamSession, peer: String?) {
    let subscriptions = session.subscriptions.filter { $0.state != .removed }
    for subscription in subscriptions { subscription.isCounted = true }
    let names = subscriptions.map(\.channel.name)
    let identity = session.identity?.value
    session.occupant = change { state -> Occupant in
      state.streams += 1
      let reader = OccupancyChange.Reader(stream: state.streams, identity: identity, peer: peer)
      for name in names {
        let known = state.entries[name]
        var entry = known ?? Entry()
        if known == nil { tell(.occupied(name)) } else if entry.readers == 0 { state.vacant -= 1 }
        entry.readers += 1
        entry.vacantAt = .never
        state.entries[name] = entry
        tell(.readerJoined(reader, name, readers: entry.readers))
      }
      return Occupant(reader)
    }
  }

  /// Returns the channels in which a stream was reported to the observers.
  func countedChannels(of session: EventStreamSession) -> [ChannelName] {
    session.subscriptions.filter(\.isCounted).map(\.channel.name)
  }

  /// Records that a stream no longer reads these channels.
  func left(_ session: EventStreamSession, _ names: [ChannelName], _ reason: DisconnectReason, at now: Int64) {
    guard let reader = session.occupant?.reader, !names.isEmpty else { return }
    change { state in
      for name in names {
        guard var entry = state.entries[name], entry.readers > 0 else { continue }
        entry.readers -= 1
        tell(.readerLeft(reader, name, reason, readers: entry.readers))
        if entry.readers == 0 {
          entry.vacantAt = now + linger
          state.vacant += 1
          state.lingering.append((name, entry.vacantAt))
          state.queued += 1
        }
        state.entries[name] = entry
      }
      vacate(&state, upTo: now)
    }
  }

  /// Vacates the channels whose linger is over.
  ///
  /// - Returns: The next time at which a channel becomes vacant.
  @discardableResult
  func expire(_ now: Int64) -> Int64 {
    guard next.load(ordering: .acquiring) <= now, next.load(ordering: .acquiring) != .never else {
      return next.load(ordering: .acquiring)
    }
    change { vacate(&$0, upTo: now) }
    return next.load(ordering: .acquiring)
  }

  private func vacate(_ state: inout State, upTo now: Int64) {
    var first = state.lingering.popFirst()
    while let item = first {
      let isStale = state.entries[item.name].map { $0.readers > 0 || $0.vacantAt != item.until } ?? true
      if !isStale, item.until > now, state.vacant <= mostLingering { break }
      state.queued -= 1
      if !isStale {
        state.entries[item.name] = nil
        state.vacant -= 1
        tell(.vacated(item.name))
      }
      first = state.lingering.popFirst()
    }
    if let first { state.lingering.prepend(first) }
    if state.queued > 2 * state.vacant + 64 { compact(&state) }
    next.store(first?.until ?? .never, ordering: .releasing)
  }

  /// Removes stale entries, which accumulate in the queue when a channel is occupied and left repeatedly.
  private func compact(_ state: inout State) {
    var kept = FIFOQueue<(name: ChannelName, until: Int64)>()
    var seen: Set<ChannelName> = []
    state.queued = 0
    while let item = state.lingering.popFirst() {
      guard let entry = state.entries[item.name], entry.readers == 0, entry.vacantAt == item.until,
        seen.insert(item.name).inserted
      else { continue }
      kept.append(item)
      state.queued += 1
    }
    state.lingering = kept
  }

  private func tell(_ change: OccupancyChange) { for feed in feeds { feed.append(change) } }

  /// Changes the state, then starts delivery to the observers outside of the lock.
  private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
    let result = state.withLock { state in body(&state) }
    for feed in feeds where feed.begins() { feed.run(self) }
    return result
  }

  /// Sends the current state to an observer that has missed changes.
  func resynchronize(_ feed: OccupancyFeed) {
    state.withLock { feed.append(.resynchronized(Set($0.entries.keys))) }
  }
}
