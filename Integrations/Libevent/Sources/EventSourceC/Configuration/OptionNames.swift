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

  private static let all = Dictionary(
    uniqueKeysWithValues: Option.all.map { ($0.property, $0.name) } + ofTextsAndLists.map { ($0, $1) })

  /// The error of a hub's or of streams' configuration.
  ///
  /// - Parameter value: What the program has set; nil: what the error says.
  static func failure(_ error: ConfigurationError, kind: Failure.Kind = .invalidValue, value: String? = nil) -> Failure
  {
    failure(error, in: all, kind: kind, value: value)
  }

  /// The error of a configuration whose properties the header calls by these names.
  package static func failure(
    _ error: ConfigurationError, in names: [String: String], kind: Failure.Kind = .invalidValue, value: String? = nil
  ) -> Failure {
    Failure(
      kind,
      "\(name(error.property, names)) cannot be \(value ?? error.value); allowed is \(text(error.allowed, names))")
  }

  private static func name(_ property: String, _ names: [String: String]) -> String { names[property] ?? property }

  /// A text in which properties are mentioned.
  private static func text(_ text: String, _ names: [String: String]) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
      // "channels" is a word, too.
      .map { $0 == "channels" ? String($0) : name(String($0), names) }.joined(separator: " ")
  }
}
