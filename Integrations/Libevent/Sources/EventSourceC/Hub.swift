public import CEventSource
import EventSourceFormat
import EventSourceServer
import Glibc

// The header's part "Hub", which documents the functions.

extension EventHub: ProgramObject {
  package static var handleMark: UInt64 { 0x6573_2D68_7562_2D31 }
  package static var handleName: StaticString { "es_hub" }
}

/// See the header.
@c @implementation
public func es_hub_create(_ config: OpaquePointer!, _ hub: UnsafeMutablePointer<OpaquePointer?>!) -> es_status {
  reporting {
    let hub = try required(hub, "hub")
    let settings: Settings? = try config.map { try Handle.object($0, "config") }
    try settings?.require([ES_CONFIG_HUB], in: "es_hub_create")
    settings?.wasUsedForHub()
    hub.pointee = Handle.make(
      EventHub(configuration: settings?.hub ?? EventHub.Configuration(), logger: settings?.logger))
  }
}

/// See the header.
@c @implementation
public func es_hub_free(_ hub: OpaquePointer!) { Handle.free(hub, as: EventHub.self) }

/// See the header.
@c @implementation
public func es_hub_open(_ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!) -> es_status {
  reporting { try Handle.object(hub, "hub", as: EventHub.self).open(Text.channel(channel)) }
}

/// See the header.
@c @implementation
public func es_hub_open_configured(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ config: OpaquePointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let settings: Settings = try Handle.object(config, "config")
    try settings.require([ES_CONFIG_CHANNEL], in: "es_hub_open_configured")
    try hub.open(Text.channel(channel), settings.rules(in: hub.configuration))
    settings.wasUsedForChannel()
  }
}

/// See the header.
@c @implementation
public func es_hub_remove(_ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!) -> es_status {
  reporting { try Handle.object(hub, "hub", as: EventHub.self).remove(Text.channel(channel)) }
}

/// See the header.
@c @implementation
public func es_hub_revoke(
  _ hub: OpaquePointer!, _ identity: UnsafePointer<CChar>!, _ channel: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let identity = try Text.required(identity, "identity")
    try hub.revoke(identity: identity, in: channel.map { try Text.channel($0) })
  }
}

/// See the header.
@c @implementation
public func es_hub_close(_ hub: OpaquePointer!) -> es_status {
  reporting { try Handle.object(hub, "hub", as: EventHub.self).close() }
}

/// See the header.
@c @implementation
public func es_hub_statistics(
  _ hub: OpaquePointer!, _ statistics: UnsafeMutablePointer<es_statistics>!, _ size: Int
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let memory = try required(statistics, "statistics")
    guard (0...4096).contains(size) else { throw Failure(.invalidValue, "no es_statistics has \(size) bytes") }
    let now = hub.statistics
    var filled = es_statistics(
      readers: UInt64(now.readers), channels: UInt64(now.channels), published: UInt64(now.published),
      published_bytes: UInt64(now.publishedBytes), delivered: UInt64(now.delivered), replayed: UInt64(now.replayed),
      sent_bytes: UInt64(now.sentBytes), coalesced: UInt64(now.coalesced), gaps: UInt64(now.gaps),
      opened: UInt64(now.opened), refused: UInt64(now.refused), ended: UInt64(now.ended.values.reduce(0, +)),
      dropped: UInt64(now.dropped), held_bytes: UInt64(now.heldBytes), skipped: UInt64(now.skipped),
      conflated: UInt64(now.conflated))
    memset(memory, 0, size)
    memcpy(memory, &filled, min(size, MemoryLayout<es_statistics>.size))
  }
}
