import CEventSource
import EventSourceC
import EventSourceServer
import EventSourceSQLite

extension es_sqlite_options: SizedStruct { package static var name: StaticString { "es_sqlite_options" } }

extension SQLiteEventRepository.Configuration {
  /// The options of the header, of which what is zero is the default.
  init(_ options: es_sqlite_options) throws {
    self.init()
    if let interval = try Self.number(options.flush_interval_ms, "flush_interval_ms") {
      durability = .interval(.milliseconds(interval))
    }
    if let events = try Self.limit(options.maximum_events, "maximum_events") { retention.maximumEvents = events.value }
    if let bytes = try Self.limit(options.maximum_bytes, "maximum_bytes") { retention.maximumBytes = bytes.value }
    if let age = try Self.limit(options.maximum_age_ms, "maximum_age_ms") {
      retention.maximumAge = age.value.map { .milliseconds($0) }
    }
    if let bytes = try Self.limit(options.maximum_file_bytes, "maximum_file_bytes") { maximumFileBytes = bytes.value }
    if let connections = try Self.number(options.connections, "connections") {
      readers = connections
    }
    if let time = try Self.number(options.busy_timeout_ms, "busy_timeout_ms") {
      busyTimeout = .milliseconds(time)
    }
    if let time = try Self.number(options.addition_timeout_ms, "addition_timeout_ms") {
      additionTimeout = .milliseconds(time)
    }
    if let bytes = try Self.number(options.maximum_waiting_bytes, "maximum_waiting_bytes") {
      maximumWaitingBytes = bytes
    }
    do {
      try validate()
    } catch {
      throw OptionNames.failure(error, in: Self.namesInHeader)
    }
  }

  /// What a limit was set to; nil in it: none at all.
  private static let namesInHeader = [
    "durability": "flush_interval_ms", "retention.maximumEvents": "maximum_events",
    "retention.maximumBytes": "maximum_bytes", "retention.maximumAge": "maximum_age_ms",
    "maximumFileBytes": "maximum_file_bytes", "readers": "connections", "busyTimeout": "busy_timeout_ms",
    "additionTimeout": "addition_timeout_ms", "maximumWaitingBytes": "maximum_waiting_bytes",
  ]

  private struct Limit { var value: Int? }

  /// nil: the default.
  private static func limit(_ value: Int64, _ name: String) throws(Failure) -> Limit? {
    guard value != 0 else { return nil }
    guard value > 0 || value == ES_NONE else {
      throw Failure(.invalidValue, "\(name) cannot be \(value); allowed is 0 or more, or ES_NONE")
    }
    return Limit(value: value > 0 ? Int(value) : nil)
  }

  /// nil: the default.
  private static func number(_ value: Int64, _ name: String) throws(Failure) -> Int? {
    guard value >= 0 else { throw Failure(.invalidValue, "\(name) cannot be \(value); allowed is 0 or more") }
    return value == 0 ? nil : Int(value)
  }
}
