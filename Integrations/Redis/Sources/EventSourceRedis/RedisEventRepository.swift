import Synchronization

internal import EventSourceFormat
public import EventSourceServer

/// A history in Redis that any number of processes share: each publishes to it, and follows what the others publish.
///
/// Give it to every channel by `EventHub.Configuration.repositoryProvider`. Each channel is one stream on one server,
/// chosen by the hash of its name if there are several. A repository has two threads and, for each server, two
/// connections, however many channels and readers there are; nothing of it blocks the cooperative pool. A connection
/// that breaks is opened again. Use from any thread. It lives until ``close()``.
///
/// An event without an ID gets one such as `1700000000000000-17`: the epoch, which begins anew when a server has
/// started again or another has taken over, and the number in it. So an ID names one event for ever.
public final class RedisEventRepository: SharedEventRepository {
  /// How the history is kept and reached.
  public let configuration: Configuration
  let nodes: [RedisNode]
  let logger: (any EventLogger)?
  let counters = RedisCounters()
  /// The newest position that was seen of each channel, by which a history that has gone backwards is recognized.
  let seen = SeenPositions()
  private let loops: Mutex<(commands: RedisLoop, subscriptions: RedisLoop)?> = Mutex(nil)
  /// What the tokens of this process begin with.
  let process = String(UInt64.random(in: 0 ... .max), radix: 36)
  private let batches = Atomic<UInt64>(0)

  /// Opens a history: connects to every server, and checks that each can be used.
  ///
  /// - Parameters:
  ///   - servers: At least one. The order is part of how channels are spread, so every process names the same.
  ///   - configuration: How the history is kept and reached.
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
    self.configuration = configuration
    self.logger = logger
    nodes = servers.enumerated().map { RedisNode($1, index: $0) }
    open()
    do {
      for node in nodes { try await node.start() }
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Closes the connections and ends the threads. Whoever waits is told. Further calls throw
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

  /// What it has done, and how it is. Any thread.
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
    // FNV-1a: the same in every process, and in every version.
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

  private func open() {
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
    loops.withLock {
      $0 = (
        RedisLoop(connections(.commands), name: "redis commands", interval: interval) { [weak self] _, now in
          self?.probe(at: now)
        },
        RedisLoop(connections(.subscriptions), name: "redis messages", interval: interval) { [weak self] loop, now in
          self?.checkProbes(of: loop, at: now)
        }
      )
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
  /// Whole nanoseconds, at most some centuries.
  var asNanoseconds: Int64 {
    let (seconds, attoseconds) = min(self, .seconds(1 << 32)).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
