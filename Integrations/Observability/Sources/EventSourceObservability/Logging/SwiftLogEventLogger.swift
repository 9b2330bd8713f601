#if Observability
  public import EventSourceServer
  public import Logging

  /// Writes the records of a hub and of the built-in server to a swift-log logger.
  ///
  /// ```swift
  /// let hub = EventHub(logger: SwiftLogEventLogger(Logger(label: "events")))
  /// ```
  ///
  /// Messages are constant; variable values are metadata. At swift-log's default level `info` a hub is quiet: it logs
  /// problems, and starts and stops of a server. The opening and closing of streams is logged at `debug`. Records never
  /// contain event data.
  public struct SwiftLogEventLogger: EventLogger {
    private let logger: Logger

    /// Creates a logger that writes to a swift-log logger.
    public init(_ logger: Logger) {
      self.logger = logger
    }

    /// Writes a record, if the logger's level allows it.
    public func log(_ record: EventLogRecord) {
      let level = record.level.loggerLevel
      guard logger.logLevel <= level else { return }
      logger.log(
        level: level, "\(String(describing: record.message))", metadata: Logger.Metadata(pairs: record.metadata),
        source: "EventSourceServer")
    }
  }

  extension EventLogRecord.Level {
    fileprivate var loggerLevel: Logger.Level {
      switch self {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    }
  }

  extension Logger.Metadata {
    /// If a name occurs several times, the last value is kept.
    init(pairs: [(name: String, value: String)]) {
      self.init(pairs.map { ($0.name, .string($0.value)) }, uniquingKeysWith: { $1 })
    }
  }
#endif
