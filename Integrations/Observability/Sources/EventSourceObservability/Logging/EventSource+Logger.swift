#if Observability
  public import EventSourceClient
  public import Logging

  extension EventSource.Configuration {
    /// Writes the source's records to a swift-log logger. Messages are constant; records never contain event data,
    /// passwords or URL queries.
    ///
    /// - Parameter logger: The logger. Its level decides which records are written.
    public mutating func log(to logger: Logger) {
      self.logger = { record in
        let level = record.level.loggerLevel
        guard logger.logLevel <= level else { return }
        logger.log(
          level: level, "\(String(describing: record.message))", metadata: Logger.Metadata(pairs: record.metadata),
          source: "EventSourceClient")
      }
    }
  }

  extension EventSourceLogRecord.Level {
    fileprivate var loggerLevel: Logger.Level {
      switch self {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    }
  }
#endif
