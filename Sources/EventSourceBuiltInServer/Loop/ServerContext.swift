import EventSourceServer
import Synchronization

/// What the threads of one run of a server share.
final class ServerContext: Sendable {
  /// How far connections beyond the limit are accepted only to be told so.
  static let rejections = 64

  let configuration: BuiltInServer.Configuration
  let logger: (any EventLogger)?
  let routes: Routes
  /// What the connections hold.
  let memory: ConnectionMemory
  let peers: PeerCounter
  /// Told of every response; nil: nobody is.
  let accessLog: (@Sendable (AccessRecord) -> Void)?
  /// Connections of all loops, those that are being refused included.
  let connectionCount = Atomic<Int>(0)
  /// Whether the operator has been told that the limit is reached; until a connection is accepted again.
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
