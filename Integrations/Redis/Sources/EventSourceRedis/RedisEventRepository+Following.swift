import Synchronization

internal import EventSourceFormat
public import EventSourceServer

/// Messages of the servers.
extension RedisEventRepository {
  /// The number of channels to check per interval and server.
  private static let sampledChannels = 256

  /// Begins to pass the events recorded in a channel to a feed.
  public func follow(_ channel: ChannelName, into feed: EventFeed) async throws {
    let node = node(of: channel)
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let (outcome, isNew) = node.state.withLock { state -> (Result<Void, any Error>?, Bool) in
        guard state.isSubscriptionReady else {
          let reason = RedisHistoryError.unreachable(server: node.server.description, reason: "it is not connected")
          return (.failure(state.lastError ?? reason), false)
        }
        let isNew = state.channels[channel] == nil
        state.channels[channel, default: RedisNode.Followed()].feeds.append(feed)
        if state.channels[channel]!.isConfirmed { return (.success(()), false) }
        state.channels[channel]!.waiters.append(continuation)
        return (nil, isNew)
      }
      if isNew { send(RedisCommand("SUBSCRIBE", messageName(channel, node)), to: node) }
      if let outcome { continuation.resume(with: outcome) }
    }
  }

  /// Stops passing events to a feed.
  public func unfollow(_ channel: ChannelName, feed: EventFeed) {
    let node = node(of: channel)
    let (isLast, waiters) = node.state.withLock { state -> (Bool, [CheckedContinuation<Void, any Error>]) in
      guard var followed = state.channels[channel] else { return (false, []) }
      followed.feeds.removeAll { $0 === feed }
      state.channels[channel] = followed.feeds.isEmpty ? nil : followed
      return followed.feeds.isEmpty ? (true, followed.waiters) : (false, [])
    }
    for waiter in waiters { waiter.resume(throwing: CancellationError()) }
    if isLast { unsubscribe(channel, of: node) }
  }

  /// Unsubscribes from a channel, unless it is followed again by then.
  private func unsubscribe(_ channel: ChannelName, of node: RedisNode) {
    let name = messageName(channel, node)
    let index = node.index
    subscriptionLoop?.perform { loop in
      let isFollowed = node.state.withLock { $0.channels[channel] != nil }
      loop.connections[index].sendWithoutAnswer(RedisCommand("UNSUBSCRIBE", name))
      if isFollowed { loop.connections[index].sendWithoutAnswer(RedisCommand("SUBSCRIBE", name)) }
    }
  }

  private func send(_ command: RedisCommand, to node: RedisNode) {
    let index = node.index
    subscriptionLoop?.perform { $0.connections[index].sendWithoutAnswer(command) }
  }

  // MARK: On the thread of the subscriptions

  private var probeName: String { key("probe:" + process) }

  /// Subscribes to everything that is followed, because a connection was opened.
  func subscribeAgain(_ connection: RedisConnection, _ node: RedisNode) {
    let names = node.state.withLock { Array($0.channels.keys) }
    connection.sendWithoutAnswer(RedisCommand("SUBSCRIBE", probeName))
    for start in stride(from: 0, to: names.count, by: 256) {
      let part = names[start..<min(start + 256, names.count)]
      connection.sendWithoutAnswer(RedisCommand(["SUBSCRIBE"], RedisArguments(part.map { messageName($0, node) })))
    }
  }

  func received(_ reply: RedisReply, from node: RedisNode) {
    guard let parts = reply.elements, parts.count == 3, let kind = parts[0].text, let name = parts[1].text else {
      return
    }
    switch kind {
    case "message" where name == probeName:
      let now = RedisLoop.now
      node.state.withLock { $0.lastProbe = now }
    case "message":
      guard let channel = channel(of: name, node), case .bytes(let bytes) = parts[2] else { return }
      receivedEvents(bytes, channel, node)
    case "subscribe":
      guard let channel = channel(of: name, node) else { return }
      subscribed(channel, node)
    default: break
    }
  }

  private func channel(of name: String, _ node: RedisNode) -> ChannelName? {
    let prefix = messagePrefix(node)
    guard name.utf8.starts(with: prefix.utf8) else { return nil }
    return try? ChannelName(String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
  }

  private func subscribed(_ channel: ChannelName, _ node: RedisNode) {
    let (feeds, waiters) = node.state.withLock { state -> ([EventFeed], [CheckedContinuation<Void, any Error>]) in
      guard state.channels[channel] != nil else { return ([], []) }
      state.channels[channel]!.isConfirmed = true
      defer { state.channels[channel]!.waiters = [] }
      return (state.channels[channel]!.feeds, state.channels[channel]!.waiters)
    }
    for waiter in waiters { waiter.resume() }
    // Events may have been recorded since the connection was lost.
    for feed in feeds {
      feed.setStale(false)
      feed.lost(after: nil)
    }
  }

  private func receivedEvents(_ message: [UInt8], _ channel: ChannelName, _ node: RedisNode) {
    counters.received()
    let feeds = node.state.withLock { $0.channels[channel]?.feeds ?? [] }
    guard !feeds.isEmpty else { return }
    guard let events = Self.events(of: message) else {
      // The message is foreign or truncated. The store has the events.
      for feed in feeds { feed.lost(after: nil) }
      return
    }
    if let last = events.last { seen.note(last.position, in: channel) }
    for feed in feeds { feed.receive(events) }
  }

  /// Parses a message: the epoch, the first number, whether earlier events may be lost, and the events.
  static func events(of message: [UInt8]) -> [SharedEvent]? {
    let parts = message.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, let epoch = UInt64(String(decoding: parts[0], as: UTF8.self)), epoch > 0, epoch < 1 << 53,
      let number = UInt64(String(decoding: parts[1], as: UTF8.self))
    else { return nil }
    return PackedEvent.parse(parts[3], from: SharedPosition(epoch: epoch, number: number))?.map(\.event)
  }

  /// Closes subscriptions that no longer deliver what their server publishes. Called at every interval.
  func checkProbes(of loop: RedisLoop, at now: Int64) {
    let patience = max(3 * configuration.probeInterval.asNanoseconds, configuration.responseTimeout.asNanoseconds)
    for node in nodes {
      let isDead = node.state.withLock { $0.isSubscriptionReady && now - $0.lastProbe > patience }
      if isDead { loop.connections[node.index].lose(.timedOut(server: node.server.description), now) }
    }
  }

  // MARK: On the thread of the commands

  /// Sends a message to the repository's own subscription, and reads the newest positions of some channels. Called at
  /// every interval.
  func probe(at now: Int64) {
    for node in nodes where node.state.withLock({ $0.isCommandReady }) {
      probe(RedisCommand("PUBLISH", probeName, "1"), node, at: now) { _ in }
      for channel in node.nextSample(Self.sampledChannels) {
        probe(RedisCommand("HMGET", keys(channel)[1], "epoch", "number"), node, at: now) { [weak self] reply in
          guard let self, let position = reply.elements.flatMap({ self.position($0) }) else { return }
          for feed in node.state.withLock({ $0.channels[channel]?.feeds ?? [] }) { feed.hasReached(position) }
        }
      }
    }
  }

  private func probe(
    _ command: RedisCommand, _ node: RedisNode, at now: Int64, _ body: @escaping @Sendable (RedisReply) -> Void
  ) {
    let request = RedisRequest(command, deadline: now + configuration.responseTimeout.asNanoseconds) { result in
      if case .success(let reply) = result { body(reply) }
    }
    let index = node.index
    commandLoop?.perform { $0.connections[index].send(request) }
  }
}
