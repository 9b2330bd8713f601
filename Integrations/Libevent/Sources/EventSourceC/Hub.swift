public import CEventSource
import EventSourceFormat
import EventSourceServer
import Glibc

// Implements the part "Hub" of the header, which documents the functions.

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
public func es_hub_open_channel(_ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!) -> es_status {
  reporting { try Handle.object(hub, "hub", as: EventHub.self).openChannel(Text.channel(channel)) }
}

/// See the header.
@c @implementation
public func es_hub_open_channel_configured(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ config: OpaquePointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let settings: Settings = try Handle.object(config, "config")
    try settings.require([ES_CONFIG_CHANNEL], in: "es_hub_open_channel_configured")
    try hub.openChannel(Text.channel(channel), configuration: settings.rules(in: hub.configuration))
    settings.wasUsedForChannel()
  }
}

/// See the header.
@c @implementation
public func es_hub_remove_channel(_ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!) -> es_status {
  reporting { try Handle.object(hub, "hub", as: EventHub.self).removeChannel(Text.channel(channel)) }
}

/// See the header.
@c @implementation
public func es_hub_revoke(
  _ hub: OpaquePointer!, _ identity: UnsafePointer<CChar>!, _ channel: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let identity = try Text.required(identity, "identity")
    try hub.revokeStreams(of: identity, in: channel.map { try Text.channel($0) })
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
    let now = hub.statistics
    var filled = es_statistics()
    filled.readers = UInt64(now.readers)
    filled.channels = UInt64(now.channels)
    filled.events_published = UInt64(now.eventsPublished)
    filled.published_bytes = UInt64(now.publishedBytes)
    filled.events_delivered = UInt64(now.eventsDelivered)
    filled.events_replayed = UInt64(now.eventsReplayed)
    filled.sent_bytes = UInt64(now.sentBytes)
    filled.events_coalesced = UInt64(now.eventsCoalesced)
    filled.gaps = UInt64(now.gaps)
    filled.streams_opened = UInt64(now.streamsOpened)
    filled.requests_rejected = UInt64(now.requestsRejected)
    filled.streams_ended = UInt64(now.streamsEnded.values.reduce(0, +))
    filled.streams_dropped = UInt64(now.streamsDropped)
    filled.retained_bytes = UInt64(now.retainedBytes)
    filled.events_skipped = UInt64(now.eventsSkipped)
    filled.events_conflated = UInt64(now.eventsConflated)
    try fill(memory, size, with: filled, "es_statistics")
  }
}
