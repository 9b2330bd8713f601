#if Observability
  import EventSourceClient
  import EventSourceObservability
  import EventSourceServer
  import Foundation
  import Logging
  import Synchronization
  import Testing

  @Suite struct LoggingTests {
    /// Collects log records.
    private final class Records: Sendable {
      let all = Mutex<[(level: Logger.Level, message: String, metadata: Logger.Metadata)]>([])
      var messages: [String] { all.withLock { $0.map(\.message) } }
    }

    private struct Handler: LogHandler {
      let records: Records
      var metadata: Logger.Metadata = [:]
      var logLevel = Logger.Level.info

      subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
      }

      func log(event: LogEvent) {
        records.all.withLock { $0.append((event.level, event.message.description, event.metadata ?? [:])) }
      }
    }

    private func logger(_ records: Records, _ level: Logger.Level) -> Logger {
      var logger = Logger(label: "test") { _ in Handler(records: records) }
      logger.logLevel = level
      return logger
    }

    @Test func everyLevelMapsToTheSameLevel() {
      let records = Records()
      let logger = SwiftLogEventLogger(logger(records, .trace))
      for level: EventLogRecord.Level in [.debug, .info, .warning, .error] {
        logger.log(EventLogRecord(level: level, message: "a message", metadata: [("channel", "news"), ("n", "1")]))
      }
      records.all.withLock { all in
        #expect(all.map(\.level) == [.debug, .info, .warning, .error])
        #expect(all.allSatisfy { $0.message == "a message" && $0.metadata == ["channel": "news", "n": "1"] })
      }
    }

    @Test func aHubLogsNothingAtTheDefaultLevelInNormalOperation() throws {
      let records = Records()
      let hub = EventHub(channels: ["news"], logger: SwiftLogEventLogger(logger(records, .info)))
      try hub.publish("secret", to: "news")
      hub.removeChannel("news")
      #expect(records.messages.isEmpty)
    }

    @Test func aDrainingHubLogsIt() async {
      let records = Records()
      let hub = EventHub(logger: SwiftLogEventLogger(logger(records, .info)))
      await hub.drain(over: .zero)
      #expect(records.messages == ["the hub is draining"])
    }

    @Test func aSourceLogsToTheConfiguredLogger() async throws {
      let records = Records()
      var configuration = EventSource.Configuration()
      configuration.log(to: logger(records, .trace))
      // No process listens on this port.
      let source = EventSource(URL(string: "http://127.0.0.1:1/secret?token=x")!, configuration: configuration)
      await #expect(throws: SubscriptionError.self) { for try await _ in source.events {} }
      #expect(!records.messages.isEmpty)
      records.all.withLock { all in
        #expect(!all.contains { "\($0)".contains("token=x") })
      }
    }
  }
#endif
