package import EventSourceServer

/// What the header calls a property of a configuration, so that no error names anything that a C program does not have.
package enum OptionNames {
  private static let ofTextsAndLists = [
    "epoch": "ES_TEXT_EPOCH", "channelQueryName": "ES_TEXT_CHANNEL_QUERY_NAME",
    "openingComment": "ES_TEXT_OPENING_COMMENT", "lastEventIDQueryNames": "ES_LIST_LAST_EVENT_ID_QUERY_NAMES",
    "crossOrigin.allowedMethods": "ES_LIST_ALLOWED_METHODS", "crossOrigin.allowedFields": "ES_LIST_ALLOWED_FIELDS",
    "crossOrigin.exposedFields": "ES_LIST_EXPOSED_FIELDS", "crossOrigin.origins": "es_config_allow_origin",
    "channels": "es_config_add_channel", "fields": "es_config_add_field",
  ]

  private static let ofSQLite = [
    "durability": "flush_interval_ms", "retention.maximumEvents": "maximum_events",
    "retention.maximumBytes": "maximum_bytes", "retention.maximumAge": "maximum_age_ms",
    "maximumFileBytes": "maximum_file_bytes", "readers": "connections", "busyTimeout": "busy_timeout_ms",
    "additionTimeout": "addition_timeout_ms", "maximumWaitingBytes": "maximum_waiting_bytes",
  ]

  private static let all = Dictionary(
    uniqueKeysWithValues: Option.all.map { ($0.property, $0.name) } + ofTextsAndLists.map { ($0, $1) })

  /// The error of a hub's or of streams' configuration.
  ///
  /// - Parameter value: What the program has set; nil: what the error says.
  static func failure(_ error: ConfigurationError, kind: Failure.Kind = .invalidValue, value: String? = nil) -> Failure
  {
    Failure(
      kind, "\(name(error.property, all)) cannot be \(value ?? error.value); allowed is \(text(error.allowed, all))")
  }

  /// The error of a history's configuration.
  package static func failure(ofSQLite error: ConfigurationError) -> Failure {
    Failure(
      .invalidValue,
      "\(name(error.property, ofSQLite)) cannot be \(error.value); allowed is \(text(error.allowed, ofSQLite))")
  }

  private static func name(_ property: String, _ names: [String: String]) -> String { names[property] ?? property }

  /// A text in which properties are mentioned.
  private static func text(_ text: String, _ names: [String: String]) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
      // "channels" is a word, too.
      .map { $0 == "channels" ? String($0) : name(String($0), names) }.joined(separator: " ")
  }
}
