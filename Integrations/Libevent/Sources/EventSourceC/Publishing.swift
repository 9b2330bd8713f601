public import CEventSource
import EventSourceFormat
import EventSourceServer
import Glibc

// The header's part "Publishing", which documents the functions.

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
    let given = try es_event(reading: required(event, "event"))
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
