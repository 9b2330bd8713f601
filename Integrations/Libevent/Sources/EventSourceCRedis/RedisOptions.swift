import CEventSource
import EventSourceC
import EventSourceCHistory
import EventSourceRedis
import EventSourceServer

extension es_redis_options: SizedStruct { package static var name: StaticString { "es_redis_options" } }

extension RedisEventRepository.Configuration {
  /// Reads the options of the header. Zero means the default.
  init(_ options: es_redis_options) throws {
    self.init()
    if let prefix = try Text.optional(options.key_prefix, "key_prefix") { keyPrefix = prefix }
    if let events = try HistoryOption.limit(options.maximum_events, "maximum_events") {
      retention.maximumEvents = events.value
    }
    if let age = try HistoryOption.limit(options.maximum_age_ms, "maximum_age_ms") {
      retention.maximumAge = age.value.map { .milliseconds($0) }
    }
    if let time = try HistoryOption.limit(options.idle_expiry_ms, "idle_expiry_ms") {
      retention.idleExpiry = time.value.map { .milliseconds($0) }
    }
    func time(_ value: Int64, _ name: String, _ path: WritableKeyPath<Self, Duration>) throws {
      if let time = try HistoryOption.number(value, name) { self[keyPath: path] = .milliseconds(time) }
    }
    try time(options.response_timeout_ms, "response_timeout_ms", \.responseTimeout)
    try time(options.publish_timeout_ms, "publish_timeout_ms", \.publishTimeout)
    try time(options.probe_interval_ms, "probe_interval_ms", \.probeInterval)
    let wait = try HistoryOption.number(options.replicas_timeout_ms, "replicas_timeout_ms") ?? 1000
    if let replicas = try HistoryOption.number(options.replicas, "replicas") {
      durability = .replicas(replicas, within: .milliseconds(wait))
    }
    if let bytes = try HistoryOption.number(options.maximum_waiting_bytes, "maximum_waiting_bytes") {
      maximumWaitingBytes = bytes
    }
    if let bytes = try HistoryOption.number(options.maximum_reply_bytes, "maximum_reply_bytes") {
      maximumReplyBytes = bytes
    }
    do {
      try validate()
    } catch {
      throw OptionNames.failure(error, in: Self.namesInHeader)
    }
  }

  private static let namesInHeader = [
    "keyPrefix": "key_prefix", "retention.maximumEvents": "maximum_events", "retention.maximumAge": "maximum_age_ms",
    "retention.idleExpiry": "idle_expiry_ms", "durability": "replicas", "responseTimeout": "response_timeout_ms",
    "publishTimeout": "publish_timeout_ms", "probeInterval": "probe_interval_ms",
    "maximumWaitingBytes": "maximum_waiting_bytes", "maximumReplyBytes": "maximum_reply_bytes",
  ]
}
