import EventSourceServer
import Synchronization

/// The state that the threads of one run of a server share.
final class ServerContext: Sendable {
  /// The number of connections beyond the limit that are accepted only to be rejected.
  static let rejections = 64

  let configuration: BuiltInServer.Configuration
  let logger: (any EventLogger)?
  let routes: Routes
  /// The memory charged to connections.
  let memory: ConnectionMemory
  let peers: PeerCounter
  /// Receives a record for every response. `nil` if there is no access log.
  let accessLog: (@Sendable (AccessRecord) -> Void)?
  /// The number of connections of all loops, including those being rejected.
  let connectionCount = Atomic<Int>(0)
  /// Whether a log record has reported that the limit is reached. Reset when a connection is accepted again.
  let toldFull = Atomic<Bool>(false)

  init(
    _ configuration: BuiltInServer.Configuration, logger: (any EventLogger)?,
    accessLog: (@Sendable (AccessRecord) -> Void)? = nil, routes: Routes
  ) {
    self.configuration = configuration
    self.logger = logger
    self.routes = routes
    self.accessLog = accessLog
    peers = PeerCounter(limit: configuration.maximumConnectionsPerPeer, proxies: configuration.trustedProxies)
    memory = ConnectionMemory(limit: configuration.maximumBufferedBytes)
  }

  func log(
    _ level: EventLogRecord.Level,
    _ message: StaticString,
    _ metadata: @autoclosure () -> [(name: String, value: String)] = []
  ) {
    guard let logger else { return }
    let escaped = metadata().map { (name: $0.name, value: escapingControls($0.value)) }
    logger.log(EventLogRecord(level: level, message: message, metadata: escaped))
  }
}
