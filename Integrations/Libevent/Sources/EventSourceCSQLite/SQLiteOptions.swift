import CEventSource
import EventSourceC
import EventSourceCHistory
import EventSourceServer
import EventSourceSQLite

extension es_sqlite_options: SizedStruct { package static var name: StaticString { "es_sqlite_options" } }

extension SQLiteEventRepository.Configuration {
  /// Reads the options of the header. Zero means the default.
  init(_ options: es_sqlite_options) throws {
    self.init()
    if let interval = try HistoryOption.number(options.flush_interval_ms, "flush_interval_ms") {
      durability = .interval(.milliseconds(interval))
    }
    if let events = try HistoryOption.limit(options.maximum_events, "maximum_events") {
      retention.maximumEvents = events.value
    }
    if let bytes = try HistoryOption.limit(options.maximum_bytes, "maximum_bytes") {
      retention.maximumBytes = bytes.value
    }
    if let age = try HistoryOption.limit(options.maximum_age_ms, "maximum_age_ms") {
      retention.maximumAge = age.value.map { .milliseconds($0) }
    }
    if let bytes = try HistoryOption.limit(options.maximum_file_bytes, "maximum_file_bytes") {
      maximumFileBytes = bytes.value
    }
    if let connections = try HistoryOption.number(options.connections, "connections") {
      self.connections = connections
    }
    if let time = try HistoryOption.number(options.busy_timeout_ms, "busy_timeout_ms") {
      busyTimeout = .milliseconds(time)
    }
    if let time = try HistoryOption.number(options.addition_timeout_ms, "addition_timeout_ms") {
      additionTimeout = .milliseconds(time)
    }
    if let bytes = try HistoryOption.number(options.maximum_waiting_bytes, "maximum_waiting_bytes") {
      maximumWaitingBytes = bytes
    }
    do {
      try validate()
    } catch {
      throw OptionNames.failure(error, in: Self.namesInHeader)
    }
  }

  private static let namesInHeader = [
    "durability": "flush_interval_ms", "retention.maximumEvents": "maximum_events",
    "retention.maximumBytes": "maximum_bytes", "retention.maximumAge": "maximum_age_ms",
    "maximumFileBytes": "maximum_file_bytes", "busyTimeout": "busy_timeout_ms",
    "additionTimeout": "addition_timeout_ms", "maximumWaitingBytes": "maximum_waiting_bytes",
  ]
}
