import Synchronization

internal import EventSourceFormat
public import EventSourceServer

/// A history in Redis that any number of processes share. Each process publishes to it and receives what the others
/// publish.
///
/// Use it for every channel by `EventHub.Configuration.repositoryProvider`. Each channel is one stream on one server.
/// With several servers, the hash of the channel's name selects the server. However many channels and readers there
/// are, a repository has two threads and, for each server, two connections. It never blocks the cooperative pool.
/// Broken connections are opened again. It can be used from any thread, and stays open until ``close()``.
///
/// An event without an ID gets one such as `1700000000000000-17`: the epoch, and the number within the epoch. A new
/// epoch begins when a server has restarted or another has taken over. An ID therefore identifies one event forever.
public final class RedisEventRepository: SharedEventRepository {
  /// The settings of the history and its connections.
  public let configuration: Configuration
  let nodes: [RedisNode]
  let logger: (any EventLogger)?
  let counters = RedisCounters()
  /// The newest position seen in each channel. It reveals when a history has gone backwards.
  let seen = SeenPositions()
  private let loops: Mutex<(commands: RedisLoop, subscriptions: RedisLoop)?> = Mutex(nil)
  /// The prefix of this process's tokens.
  let process = String(UInt64.random(in: 0 ... .max), radix: 36)
  private let batches = Atomic<UInt64>(0)

  /// Opens a history: connects to every server, and checks that each is usable.
  ///
  /// - Parameters:
  ///   - servers: At least one server. Their order determines which channels each has, so every process must use the
  ///     same.
  ///   - configuration: The settings of the history and its connections.
  ///   - logger: Receives log records. `nil` disables logging. Data and passwords are never logged.
  /// - Throws: ``RedisHistoryError`` if a server cannot be reached or used.
  public init(
    _ servers: [RedisServer], configuration: Configuration = Configuration(), logger: (any EventLogger)? = nil
  ) async throws {
    do {
      try configuration.validate()
    } catch {
      throw RedisHistoryError.invalidConfiguration(error.description)
    }
    guard !servers.isEmpty else { throw RedisHistoryError.invalidConfiguration("there is no server") }
    for server in servers { try server.validate() }
    self.configuration = configuration
    self.logger = logger
    nodes = servers.enumerated().map { RedisNode($1, index: $0) }
    try open()
    do {
      for node in nodes { try await node.start() }
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Closes the connections and ends the threads. Calls in progress fail. Further calls throw
  /// ``RedisHistoryError/closed``.
  public func close() {
    let open = loops.withLock { loops in
      defer { loops = nil }
      return loops
    }
    open?.commands.close()
    open?.subscriptions.close()
    for node in nodes {
      node.lost(.commands, .closed, at: RedisLoop.now)
      node.lost(.subscriptions, .closed, at: RedisLoop.now)
    }
  }

  /// Counts and the current state. Can be read from any thread.
  public var statistics: RedisStatistics {
    var statistics = counters.statistics
    let now = RedisLoop.now
    statistics.isConnected = true
    for node in nodes {
      node.state.withLock { state in
        if !state.isCommandReady || !state.isSubscriptionReady { statistics.isConnected = false }
        let since = state.lostSince.map { Duration.nanoseconds(max(0, now - $0)) }
        if let since { statistics.staleFor = max(statistics.staleFor ?? .zero, since) }
        statistics.followedChannels += state.channels.count
        statistics.waitingBytes += state.waitingBytes
      }
    }
    return statistics
  }

  func node(of channel: ChannelName) -> RedisNode {
    guard nodes.count > 1 else { return nodes[0] }
    // FNV-1a gives the same result in every process and version.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in channel.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return nodes[Int(hash % UInt64(nodes.count))]
  }

  func nextToken() -> String { "\(process)-\(batches.add(1, ordering: .relaxed).newValue)" }

  var commandLoop: RedisLoop? { loops.withLock { $0?.commands } }
  var subscriptionLoop: RedisLoop? { loops.withLock { $0?.subscriptions } }

  func log(
    _ level: EventLogRecord.Level, _ message: StaticString,
    _ metadata: @autoclosure () -> [(name: String, value: String)]
  ) {
    logger?.log(EventLogRecord(level: level, message: message, metadata: metadata()))
  }

  private func open() throws {
    let timeout = configuration.responseTimeout.asNanoseconds
    func connections(_ role: RedisConnection.Role) -> [RedisConnection] {
      nodes.map { node in
        let connection = RedisConnection(
          node.server, role, responseTimeout: timeout, maximumReplyBytes: configuration.maximumReplyBytes)
        connection.onReady = { [weak self, unowned connection] greeting in
          self?.ready(connection, node, greeting)
        }
        connection.onLost = { [weak self] error in self?.lost(role, node, error) }
        connection.onMessage = { [weak self] reply in self?.received(reply, from: node) }
        return connection
      }
    }
    let interval = configuration.probeInterval.asNanoseconds
    // The threads begin at once and use `loops`.
    try loops.withLock { loops in
      let commands = try RedisLoop(connections(.commands), name: "redis commands", interval: interval) {
        [weak self] _, now in self?.probe(at: now)
      }
      do {
        let subscriptions = try RedisLoop(connections(.subscriptions), name: "redis messages", interval: interval) {
          [weak self] loop, now in self?.checkProbes(of: loop, at: now)
        }
        loops = (commands, subscriptions)
      } catch {
        commands.close()
        throw error
      }
    }
  }

  private func ready(_ connection: RedisConnection, _ node: RedisNode, _ greeting: RedisConnection.Greeting) {
    log(.info, "connected to a Redis server", [("server", node.server.description)])
    node.ready(connection.role, greeting, at: RedisLoop.now)
    if connection.role == .subscriptions { subscribeAgain(connection, node) }
  }

  private func lost(_ role: RedisConnection.Role, _ node: RedisNode, _ error: RedisHistoryError) {
    counters.lostConnection()
    log(
      .error, "the connection to a Redis server is lost",
      [
        ("server", node.server.description), ("error", error.description),
      ])
    node.lost(role, error, at: RedisLoop.now)
    if role == .subscriptions { for feed in node.feeds { feed.setStale(true) } }
  }
}

extension Duration {
  /// The duration in whole nanoseconds, limited to some centuries.
  var asNanoseconds: Int64 {
    let (seconds, attoseconds) = min(self, .seconds(1 << 32)).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
