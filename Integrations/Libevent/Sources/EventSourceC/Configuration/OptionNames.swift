package import EventSourceServer

/// Maps the properties of configurations to the header's names, so that every error message uses names that C programs
/// know.
package enum OptionNames {
  private static let ofTextsAndLists = [
    "idPrefix": "ES_TEXT_ID_PREFIX", "channelQueryItem": "ES_TEXT_CHANNEL_QUERY_ITEM",
    "openingComment": "ES_TEXT_OPENING_COMMENT", "lastEventIDQueryItems": "ES_LIST_LAST_EVENT_ID_QUERY_ITEMS",
    "crossOrigin.allowedMethods": "ES_LIST_ALLOWED_METHODS", "crossOrigin.allowedFields": "ES_LIST_ALLOWED_FIELDS",
    "crossOrigin.exposedFields": "ES_LIST_EXPOSED_FIELDS", "crossOrigin.origins": "es_config_allow_origin",
    "channels": "es_config_add_channel", "fields": "es_config_add_field",
    "streams.channels": "es_config_add_channel", "streams.coalescingWindow": "ES_OPTION_COALESCING_MS",
  ]

  private static let all = names { $0 != .runs }
  /// The names for a collection of runs and its streams.
  static let ofRuns = names { $0 == .runs || $0 == .streams }

  private static func names(of isIncluded: (Settings.Scope) -> Bool) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: Option.all.filter { isIncluded($0.scope) }.map { ($0.property, $0.name) }
        + ofTextsAndLists.map { ($0, $1) })
  }

  /// Returns the failure for an error in the configuration of a hub or of streams.
  ///
  /// - Parameter value: The value that the program set. If nil, the error's own value is reported.
  static func failure(_ error: ConfigurationError, kind: Failure.Kind = .invalidValue, value: String? = nil) -> Failure
  {
    failure(error, in: all, kind: kind, value: value)
  }

  /// Returns the failure for an error in a configuration whose properties the header calls by these names.
  package static func failure(
    _ error: ConfigurationError, in names: [String: String], kind: Failure.Kind = .invalidValue, value: String? = nil
  ) -> Failure {
    Failure(
      kind,
      "\(name(error.property, names)) cannot be \(value ?? error.value); expected \(text(error.allowed, names))")
  }

  private static func name(_ property: String, _ names: [String: String]) -> String { names[property] ?? property }

  /// Replaces the properties mentioned in a text.
  private static func text(_ text: String, _ names: [String: String]) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
      // "channels" is also an ordinary word.
      .map { $0 == "channels" ? String($0) : name(String($0), names) }.joined(separator: " ")
  }
}
