import Synchronization

internal import EventSourceFormat
public import EventSourceServer

/// One process's access to a ``SimulatedSharedStore``: the repository of one hub. Can be used from any thread. Any
/// thread.
public final class SimulatedSharedNode: SharedEventRepository {
  /// The error if the store is unreachable.
  public struct Unreachable: Error, CustomStringConvertible {
    /// A description in one line.
    public var description: String { "the node is cut off from the simulated store; reconnect it" }
  }

  private struct State {
    var isCutOff = false
    var isSilent = false
    var feeds: [EventFeed] = []
    var batches = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  let number: Int
  private let store: SimulatedSharedStore
  private let state = Mutex(State())

  init(number: Int, of store: SimulatedSharedStore) {
    self.number = number
    self.store = store
  }

  var isCutOff: Bool { state.withLock { $0.isCutOff } }
  var feeds: [EventFeed] { state.withLock { $0.feeds } }

  /// The number of channels that the node's hub follows.
  public var followedCount: Int { feeds.count }

  /// Disconnects the node from the store, or reconnects it. While it is disconnected, calls throw ``Unreachable`` and
  /// messages are lost. Its feeds are notified.
  public func setCutOff(_ isCutOff: Bool) {
    let feeds = state.withLock { state in
      state.isCutOff = isCutOff
      return state.feeds
    }
    if store.flaw == .noTailLook { return }
    for feed in feeds { feed.setStale(isCutOff) }
  }

  /// Makes the store stop responding to the node, or respond again, including to requests made in the meantime.
  public func setSilent(_ isSilent: Bool) {
    let waiting = state.withLock { state in
      state.isSilent = isSilent
      defer { if !isSilent { state.waiting = [] } }
      return isSilent ? [] : state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Appends events, as the hub of another process would.
  public func append(
    _ events: [SharedPublication], to channel: ChannelName
  ) async throws -> [SharedPlace] {
    for event in events { try event.event.id?.checkReturnable() }
    try await hesitate()
    let token = state.withLock { state in
      state.batches += 1
      return "\(number)-\(state.batches)"
    }
    while true {
      let (places, isAnswered) = store.append(events, to: channel, token: token)
      if isAnswered { return places }
      await Task.yield()
      if isCutOff { throw PublishError.outcomeUnknown(channel) }
    }
  }

  /// Begins to send messages to a feed.
  public func follow(_ channel: ChannelName, into feed: EventFeed) async throws {
    try await hesitate()
    state.withLock { $0.feeds.append(feed) }
    await Task.yield()
  }

  /// Stops sending messages to a feed.
  public func unfollow(_ channel: ChannelName, feed: EventFeed) {
    state.withLock { $0.feeds.removeAll { $0 === feed } }
  }

  /// Returns the place of the newest event.
  public func newestPlace(in channel: ChannelName) async throws -> SharedPlace? {
    try await hesitate()
    return store.state.withLock { state in
      guard let channel = state.channels[channel], let last = channel.last, let id = channel.lastID else { return nil }
      return SharedPlace(position: last, id: id)
    }
  }

  /// Returns the events after a position.
  public func events(
    after position: SharedPosition, in channel: ChannelName, maximumEvents: Int, maximumBytes: Int
  ) async throws -> SharedAnswer {
    try await hesitate()
    if store.flaw == .fillsNothing { return .contiguous([]) }
    let answer = store.state.withLock { state -> SharedAnswer in
      guard let channel = state.channels[channel] else { return position == .beginning ? .contiguous([]) : .gap }
      guard let entries = channel.events(after: position), entries.first?.isAfterLoss != true else { return .gap }
      let whole = entries.prefix { !$0.isAfterLoss }
      return .contiguous(whole.map(\.event).cut(events: maximumEvents, bytes: maximumBytes))
    }
    await Task.yield()
    return answer
  }

  /// Returns the events after an ID.
  public func events(for request: ReplayRequest) async throws -> ReplayResult {
    try await hesitate()
    let answer = store.state.withLock { state -> ReplayResult in
      guard let channel = state.channels[request.channel] else {
        return request.lastEventID == nil ? .contiguous([]) : .unknownID
      }
      func batch(_ entries: ArraySlice<SharedStoreChannel.Entry>) -> [ServerSentEvent] {
        let rest = entries.first.map { first in [first] + entries.dropFirst().prefix { !$0.isAfterLoss } } ?? []
        return rest.map(\.event).cut(events: request.maximumEvents, bytes: request.maximumBytes).map(\.event)
      }
      guard let id = request.lastEventID else { return .contiguous(batch(channel.entries[...])) }
      if let index = channel.entries.lastIndex(where: { $0.event.event.id == id }) {
        let rest = channel.entries[(index + 1)...]
        return rest.first?.isAfterLoss == true ? .gap(batch(rest)) : .contiguous(batch(rest))
      }
      return channel.lastID == id ? .contiguous([]) : .unknownID
    }
    await Task.yield()
    return answer
  }

  private func hesitate() async throws {
    let pauses = store.state.withLock { SimulatedSharedStore.random(&$0.random, below: 3) }
    for _ in 0..<pauses { await Task.yield() }
    if state.withLock({ $0.isSilent }) {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isSilent { state.waiting.append(continuation) }
          return !state.isSilent
        }
        if isOver { continuation.resume() }
      }
    }
    if isCutOff { throw Unreachable() }
  }
}

extension SimulatedSharedStore {
  /// Adds a batch unless it was added before, and returns whether the reply arrives.
  fileprivate func append(
    _ publications: [SharedPublication], to name: ChannelName, token: String
  ) -> (places: [SharedPlace], isAnswered: Bool) {
    state.withLock { state -> ([SharedPlace], Bool) in
      if let known = state.channels[name]?.places(of: token), flaw != .repeatsBatches { return (known, true) }
      let incarnation = state.incarnation
      var channel = state.channels[name] ?? SharedStoreChannel()
      let added = channel.append(
        publications, token: token, incarnation: incarnation,
        newEpoch: {
          state.epochs += 1
          return state.epochs
        }, keepsEpoch: flaw == .noFence)
      for event in added { onRecord(event.event, name) }
      channel.trim(to: state.retention)
      state.channels[name] = channel
      for node in state.nodes.compactMap(\.node) where !node.isCutOff {
        for feed in node.feeds where feed.channel == name {
          state.messages.append(SharedStoreMessage(node: node.number, feed: feed, events: added))
        }
      }
      state.answersAreLost -= 1
      return (added.map { SharedPlace(position: $0.position, id: $0.event.id!) }, state.answersAreLost < 0)
    }
  }
}

extension [SharedEvent] {
  /// Returns the first events within the limits, at least one.
  fileprivate func cut(events: Int, bytes: Int) -> [SharedEvent] {
    var left = bytes
    return Array(
      prefix(Swift.max(1, events)).prefix { event in
        defer { left -= event.event.data.utf8.count }
        return left > 0 || event == first
      })
  }
}
