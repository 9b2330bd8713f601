public import CEventSource
import EventSourceServer

// The functions of the header's part "Configuration" for options of all kinds; it documents them.

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
    guard kind.rawValue <= ES_CONFIG_STREAMS.rawValue else {
      throw Failure(.invalidValue, "there is no kind \(kind.rawValue) of configurations")
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
    throw Failure(.invalidValue, "there is no option \(Int32(bitPattern: number.rawValue)) that is a number")
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
    case ES_TEXT_EPOCH: try set("ES_TEXT_EPOCH", .hub, \.hub.epoch)
    case ES_TEXT_CHANNEL_QUERY_NAME: try set("ES_TEXT_CHANNEL_QUERY_NAME", .streams, \.streams.channelQueryName)
    case ES_TEXT_OPENING_COMMENT: try set("ES_TEXT_OPENING_COMMENT", .streams, \.streams.openingComment)
    default:
      throw Failure(.invalidValue, "there is no option \(Int32(bitPattern: option.rawValue)) that is a text")
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
      case ES_LIST_LAST_EVENT_ID_QUERY_NAMES:
        ("ES_LIST_LAST_EVENT_ID_QUERY_NAMES", \.streams.lastEventIDQueryNames)
      case ES_LIST_ALLOWED_METHODS: ("ES_LIST_ALLOWED_METHODS", \.streams.crossOrigin.allowedMethods)
      case ES_LIST_ALLOWED_FIELDS: ("ES_LIST_ALLOWED_FIELDS", \.streams.crossOrigin.allowedFields)
      case ES_LIST_EXPOSED_FIELDS: ("ES_LIST_EXPOSED_FIELDS", \.streams.crossOrigin.exposedFields)
      default:
        throw Failure(.invalidValue, "there is no option \(Int32(bitPattern: option.rawValue)) that is a list")
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

/// A configuration that is not valid because of a text is `ES_INVALID_TEXT`.
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
    let field = try EventStreamField(Text.required(name, "name"), Text.required(value, "value"))
    try checkingText { try settings.change("es_config_add_field", of: .streams) { $0.streams.fields.append(field) } }
  }
}
