public import CEventSource
import EventSourceC
import EventSourceServer

// Implements `eventsource-history.h`, which documents the functions.

/// See the header.
@c @implementation
public func es_hub_set_history(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ history: OpaquePointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(channel)
    if let history {
      hub.setRepository(try Handle.object(history, "history", as: ProgramHistory.self).repository, for: name)
    } else {
      hub.removeRepository(for: name)
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_history(_ config: OpaquePointer!, _ history: OpaquePointer!) -> es_status {
  reporting {
    let repository = try history.map { try Handle.object($0, "history", as: ProgramHistory.self).repository }
    try setRepository(repository, in: config, "es_config_set_history")
  }
}

/// See the header.
@c @implementation
public func es_history_close(_ history: OpaquePointer!) -> es_status {
  reporting {
    let history: ProgramHistory = try Handle.object(history, "history")
    try waiting(in: "es_history_close") { await history.close() }
  }
}

/// See the header.
@c @implementation
public func es_history_free(_ history: OpaquePointer!) { Handle.free(history, as: ProgramHistory.self) }
