public import CEventSource
import EventSourceServer

// Implements the functions of the header's part "Configuration" for all kinds of options. The header documents them.

/// See the header.
@c @implementation
public func es_config_create(_ config: UnsafeMutablePointer<OpaquePointer?>!) -> es_status {
  reporting { try required(config, "config").pointee = Handle.make(Settings(ES_CONFIG_ALL)) }
}

/// See the header.
@c @implementation
public func es_config_create_for(
  _ kind: es_config_kind, _ config: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    guard kind.rawValue <= ES_CONFIG_RUNS.rawValue else {
      throw Failure(.invalidValue, "\(kind.rawValue) is not a kind of configuration")
    }
    try required(config, "config").pointee = Handle.make(Settings(kind))
  }
}

/// See the header.
@c @implementation
public func es_config_free(_ config: OpaquePointer!) { Handle.free(config, as: Settings.self) }

/// See the header.
@c @implementation
public func es_config_set(_ config: OpaquePointer!, _ option: es_option, _ value: Int64) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    try settings.set(known(option), value)
  }
}

/// See the header.
@c @implementation
public func es_config_get(
  _ config: OpaquePointer!, _ option: es_option, _ value: UnsafeMutablePointer<Int64>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let option = try known(option)
    try settings.require(option.scope, for: option.name)
    try required(value, "value").pointee = settings.get(option)
  }
}

private func known(_ number: es_option) throws -> Option {
  guard let option = Option.numbered(number) else {
    throw Failure(.invalidValue, "there is no number option \(Int32(bitPattern: number.rawValue))")
  }
  return option
}

/// See the header.
@c @implementation
public func es_config_set_text(
  _ config: OpaquePointer!, _ option: es_text_option, _ text: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    func set(_ name: String, _ scope: Settings.Scope, _ path: WritableKeyPath<Settings, String?>) throws {
      let text = try Text.optional(text, name)
      try checkingText {
        try settings.change(name, of: scope) { settings in
          var settings = settings
          settings[keyPath: path] = text
        }
      }
    }
    switch option {
    case ES_TEXT_ID_PREFIX: try set("ES_TEXT_ID_PREFIX", .hub, \.hub.idPrefix)
    case ES_TEXT_CHANNEL_QUERY_ITEM: try set("ES_TEXT_CHANNEL_QUERY_ITEM", .streams, \.streams.channelQueryItem)
    case ES_TEXT_OPENING_COMMENT: try set("ES_TEXT_OPENING_COMMENT", .streams, \.streams.openingComment)
    default:
      throw Failure(.invalidValue, "there is no text option \(Int32(bitPattern: option.rawValue))")
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_list(
  _ config: OpaquePointer!, _ option: es_list_option, _ texts: UnsafePointer<UnsafePointer<CChar>?>!, _ count: Int
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let (name, path): (String, WritableKeyPath<Settings, [String]>) =
      switch option {
      case ES_LIST_LAST_EVENT_ID_QUERY_ITEMS:
        ("ES_LIST_LAST_EVENT_ID_QUERY_ITEMS", \.streams.lastEventIDQueryItems)
      case ES_LIST_ALLOWED_METHODS: ("ES_LIST_ALLOWED_METHODS", \.streams.crossOrigin.allowedMethods)
      case ES_LIST_ALLOWED_FIELDS: ("ES_LIST_ALLOWED_FIELDS", \.streams.crossOrigin.allowedFields)
      case ES_LIST_EXPOSED_FIELDS: ("ES_LIST_EXPOSED_FIELDS", \.streams.crossOrigin.exposedFields)
      default:
        throw Failure(.invalidValue, "there is no list option \(Int32(bitPattern: option.rawValue))")
      }
    guard (0...1024).contains(count) else {
      throw Failure(.invalidValue, "\(name) cannot have \(UInt(bitPattern: count)) texts")
    }
    let list =
      try count == 0
      ? [] : UnsafeBufferPointer(start: required(texts, "texts"), count: count).map { try Text.required($0, name) }
    try checkingText {
      try settings.change(name, of: .streams) { settings in
        var settings = settings
        settings[keyPath: path] = list
      }
    }
  }
}

/// Maps the error of a configuration that is invalid because of a text to `ES_INVALID_TEXT`.
private func checkingText(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as ConfigurationError {
    throw OptionNames.failure(error, kind: .invalidText)
  }
}

/// See the header.
@c @implementation
public func es_config_add_channel(_ config: OpaquePointer!, _ channel: UnsafePointer<CChar>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let name = try Text.channel(channel)
    try settings.change("es_config_add_channel", of: .streams) {
      if !$0.streams.channels.contains(name) { $0.streams.channels.append(name) }
    }
  }
}

/// See the header.
@c @implementation
public func es_config_add_field(
  _ config: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ value: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let field = try HeaderField(Text.required(name, "name"), Text.required(value, "value"))
    try checkingText { try settings.change("es_config_add_field", of: .streams) { $0.streams.fields.append(field) } }
  }
}
