public import CEventSource
import EventSourceFormat
import EventSourceServer

// The functions of the header's part "Hub" that look at channels and change them; it documents them.

/// See the header.
@c @implementation
public func es_hub_visit_channel(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!,
  _ visit: (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<es_channel>?) -> Void)!,
  _ context: UnsafeMutableRawPointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(channel)
    let visit = try required(visit, "visit")
    guard let statistics = hub.statistics(of: name) else { throw PublishError.unknownChannel(name) }
    statistics.lend { visit(context, $0) }
  }
}

/// See the header.
@c @implementation
public func es_hub_visit_channels(
  _ hub: OpaquePointer!, _ visit: (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<es_channel>?) -> Void)!,
  _ context: UnsafeMutableRawPointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let visit = try required(visit, "visit")
    hub.forEachChannel { statistics in statistics.lend { visit(context, $0) } }
  }
}

/// See the header.
@c @implementation
public func es_hub_reconfigure(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ config: OpaquePointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(channel)
    let settings: Settings = try Handle.object(config, "config")
    try settings.require([ES_CONFIG_CHANNEL], in: "es_hub_reconfigure")
    let rules = try settings.rules(in: hub.configuration)
    do throws(ReconfigurationError) {
      try hub.reconfigure(name) { $0 = rules }
    } catch .unknownChannel(let name) {
      throw PublishError.unknownChannel(name)
    } catch .invalidValue(let error) {
      throw error
    }
    settings.wasUsedForChannel()
  }
}

extension ChannelStatistics {
  fileprivate func lend(to body: (UnsafePointer<es_channel>) -> Void) {
    let lent = LentText()
    withExtendedLifetime(lent) {
      var channel = es_channel(
        size: MemoryLayout<es_channel>.size, name: lent.pointer(name.rawValue), readers: UInt64(readers),
        replaying_readers: UInt64(replayingReaders), readers_behind: UInt64(readersBehind), published: published,
        held_events: UInt64(retainedEvents), held_bytes: UInt64(retainedBytes),
        waiting_publications: UInt64(waitingPublications),
        oldest_id: oldestID.map { lent.pointer($0.rawValue) }, newest_id: newestID.map { lent.pointer($0.rawValue) },
        idle_ms: timeSinceLastPublication.map { $0.components.seconds * 1000 } ?? ES_NONE,
        has_repository: hasRepository ? 1 : 0)
      body(&channel)
    }
  }
}
