public import CEventSource
package import EventSourceC
import EventSourceServer
import EventSourceSQLite
import Glibc

// The functions of `eventsource-sqlite.h`, which documents them.

/// See the header.
@c @implementation
public func es_history_sqlite(
  _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<es_sqlite_options>!,
  _ history: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let path = try Text.required(path, "path")
    let history = try required(history, "history")
    let options = try options.map { try es_sqlite_options(reading: $0) } ?? es_sqlite_options()
    let configuration = try SQLiteEventRepository.Configuration(options)
    history.pointee = Handle.make(
      ProgramHistory(try SQLiteEventRepository(path: path, configuration: configuration)))
  }
}

/// See the header.
@c @implementation
public func es_hub_set_history(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ history: OpaquePointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(channel)
    if let history {
      hub.register(try Handle.object(history, "history", as: ProgramHistory.self).repository, for: name)
    } else {
      hub.unregister(name)
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
    guard withUnsafeCurrentTask(body: { $0 == nil }) else {
      throw Failure(.invalidValue, "es_history_close blocks, so that it cannot be called from a callback")
    }
    let closed = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(closed, 0, 0)
    let address = UInt(bitPattern: closed)
    Task.detached {
      await history.repository.close()
      sem_post(UnsafeMutablePointer(bitPattern: address)!)
    }
    while sem_wait(closed) != 0 {}
    sem_destroy(closed)
    closed.deallocate()
  }
}

/// See the header.
@c @implementation
public func es_history_free(_ history: OpaquePointer!) { Handle.free(history, as: ProgramHistory.self) }

extension SQLiteHistoryError: FailureConvertible {
  package var failure: Failure { Failure(code == .undecided ? .outcomeUnknown : .historyFailed, "\(self)") }
}
