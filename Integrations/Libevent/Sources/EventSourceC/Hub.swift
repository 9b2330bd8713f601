public import CEventSource
import EventSourceFormat
import EventSourceServer
import Glibc

// The header's parts "Hub" and "Publishing", which document the functions.

/// See the header.
@c @implementation
public func es_hub_create(_ config: OpaquePointer!, _ hub: UnsafeMutablePointer<OpaquePointer?>!) -> es_status {
  reporting {
    let hub = try required(hub, "hub")
    let settings: Settings? = try config.map { try Handle.object($0, "config") }
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

/// See the header.
@c @implementation
public func es_publish(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ data: UnsafePointer<CChar>!, _ data_length: Int
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    var event = es_event()
    event.data = data
    event.data_length = data_length
    try hub.publish(Text.event(event, maximumBytes: hub.configuration.maximumEventBytes), to: Text.channel(channel))
  }
}

/// See the header.
@c @implementation
public func es_publish_event(
  _ hub: OpaquePointer!, _ channels: UnsafePointer<UnsafePointer<CChar>?>!, _ channel_count: Int,
  _ event: UnsafePointer<es_event>!, _ ids: UnsafeMutablePointer<es_event_id>!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let channels = try required(channels, "channels")
    guard (1...hub.configuration.maximumChannels).contains(channel_count) else {
      throw Failure(.invalidValue, "an event cannot be published to \(channel_count) channels")
    }
    let names = try UnsafeBufferPointer(start: channels, count: channel_count).map { try Text.channel($0) }
    let given = try required(event, "event").pointee
    let event = try Text.event(given, maximumBytes: hub.configuration.maximumEventBytes)
    let published = try hub.publish(event, to: names, key: Text.optional(given.key, "the event's key"))
    guard let ids else { return }
    for (index, id) in published.enumerated() {
      // At most 32 characters of a configured epoch, a period, 8 of the hub's, 13 of the channel's, a dash, 20 digits.
      let text = event.id == nil ? id.rawValue : ""
      _ = withUnsafeMutableBytes(of: &ids[index]) { memory in
        text.withCString { strncpy(memory.baseAddress!, $0, memory.count) }
      }
    }
  }
}

/// See the header.
@c @implementation
public func es_publish_comment(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ comment: UnsafePointer<CChar>!, _ comment_length: Int
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let limit = hub.configuration.maximumEventBytes
    guard (0...limit).contains(comment_length) else {
      throw Failure(.limitExceeded, "the comment has \(UInt(bitPattern: comment_length)) bytes; \(limit) are allowed")
    }
    try hub.publish(comment: Text.counted(comment, comment_length, "the comment"), to: Text.channel(channel))
  }
}
