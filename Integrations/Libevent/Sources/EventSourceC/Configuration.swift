public import CEventSource
import EventSourceServer

// The functions of the header's part "Configuration", which documents them.

/// See the header.
@c @implementation
public func es_config_create(_ config: UnsafeMutablePointer<OpaquePointer?>!) -> es_status {
  reporting { try required(config, "config").pointee = Handle.make(Settings()) }
}

/// See the header.
@c @implementation
public func es_config_free(_ config: OpaquePointer!) { Handle.free(config, as: Settings.self) }

/// See the header.
@c @implementation
public func es_config_set(_ config: OpaquePointer!, _ option: es_option, _ value: Int64) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let property = try property(option)
    try settings.change { try $0.set(property, value) }
  }
}

/// See the header.
@c @implementation
public func es_config_get(
  _ config: OpaquePointer!, _ option: es_option, _ value: UnsafeMutablePointer<Int64>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    try required(value, "value").pointee = settings.get(property(option))
  }
}

private func property(_ option: es_option) throws -> Settings.Property {
  guard let property = Settings.property(option) else {
    throw Failure(.invalidValue, "there is no option \(option.rawValue)")
  }
  return property
}

/// See the header.
@c @implementation
public func es_config_set_text(
  _ config: OpaquePointer!, _ option: es_text_option, _ text: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let text = try Text.optional(text, "the option's text")
    do {
      try settings.change { settings in
        switch option {
        case ES_TEXT_EPOCH: settings.hub.epoch = text
        case ES_TEXT_CHANNEL_QUERY_NAME: settings.streams.channelQueryName = text
        case ES_TEXT_OPENING_COMMENT: settings.streams.openingComment = text
        default: throw Failure(.invalidValue, "there is no option \(option.rawValue) that is a text")
        }
      }
    } catch let error as ConfigurationError {
      throw Failure(.invalidText, "\(error)")
    }
  }
}

/// See the header.
@c @implementation
public func es_config_add_channel(_ config: OpaquePointer!, _ channel: UnsafePointer<CChar>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let name = try Text.channel(channel)
    guard !settings.streams.channels.contains(name) else { return }
    try settings.change { $0.streams.channels.append(name) }
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
    do {
      try settings.change { $0.streams.fields.append(field) }
    } catch let error as ConfigurationError {
      throw Failure(.invalidText, "\(error)")
    }
  }
}

/// See the header.
@c @implementation
public func es_config_allow_origin(_ config: OpaquePointer!, _ origin: UnsafePointer<CChar>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let origin = try Text.required(origin, "origin")
    try settings.change { settings in
      if origin == "*" {
        settings.streams.crossOrigin.origins = .any
      } else if case .listed(let listed) = settings.streams.crossOrigin.origins {
        settings.streams.crossOrigin.origins = .listed(listed.union([origin]))
      } else {
        settings.streams.crossOrigin.origins = .listed([origin])
      }
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_logger(_ config: OpaquePointer!, _ logger: UnsafePointer<es_logger>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    settings.logger = try logger.map { try ProgramLogger($0.pointee) }
  }
}

/// See the header.
@c @implementation
public func es_config_set_authorizer(
  _ config: OpaquePointer!, _ authorizer: UnsafePointer<es_authorizer>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    settings.authorizer = try authorizer.map { try ProgramAuthorizer($0.pointee) }
  }
}
