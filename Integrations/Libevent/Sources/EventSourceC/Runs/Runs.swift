public import CEventSource
import EventSourceServer

// Implements the functions of collections in the header's part "Runs", which documents them.

extension RunCollection: ProgramObject {
  package static var handleMark: UInt64 { 0x6573_2D72_756E_7331 }
  package static var handleName: StaticString { "es_runs" }
}

/// See the header.
@c @implementation
public func es_runs_create(
  _ hub: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ config: OpaquePointer!,
  _ runs: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(name)
    let runs = try required(runs, "runs")
    guard name.rawValue.utf8.count <= 120 else { throw Failure(.invalidText, "the name has more than 120 bytes") }
    let settings: Settings? = try config.map { try Handle.object($0, "config") }
    try settings?.requireRuns(in: "es_runs_create")
    var authorizer = settings?.authorizer
    authorizer?.hub = hub
    do {
      runs.pointee = Handle.make(
        try RunCollection(
          checking: settings?.runsWithStreams ?? RunCollection.Configuration(), hub, name: name,
          authorizer: authorizer, observer: settings?.runObserver))
    } catch let error as ConfigurationError {
      throw OptionNames.failure(error, in: OptionNames.ofRuns)
    }
  }
}

/// See the header.
@c @implementation
public func es_runs_close(_ runs: OpaquePointer!) -> es_status {
  reporting { try Handle.object(runs, "runs", as: RunCollection.self).close() }
}

/// See the header.
@c @implementation
public func es_runs_free(_ runs: OpaquePointer!) { Handle.free(runs, as: RunCollection.self) }

/// See the header.
@c @implementation
public func es_runs_start(
  _ runs: OpaquePointer!, _ id: UnsafePointer<CChar>!, _ run: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let runs: RunCollection = try Handle.object(runs, "runs")
    let run = try required(run, "run")
    run.pointee = Handle.make(ProgramRun(try runs.start(id: Text.optional(id, "id"))))
  }
}

/// See the header.
@c @implementation
public func es_runs_find(
  _ runs: OpaquePointer!, _ id: UnsafePointer<CChar>!, _ run: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let runs: RunCollection = try Handle.object(runs, "runs")
    let id = try Text.required(id, "id")
    let run = try required(run, "run")
    guard let found = runs[id] else { throw Failure(.unknownRun, "there is no run \"\(id)\" in memory") }
    run.pointee = Handle.make(ProgramRun(found))
  }
}

/// See the header.
@c @implementation
public func es_runs_inspect(
  _ runs: OpaquePointer!, _ statistics: UnsafeMutablePointer<es_runs_statistics>!, _ size: Int
) -> es_status {
  reporting {
    let runs: RunCollection = try Handle.object(runs, "runs")
    let memory = try required(statistics, "statistics")
    let now = runs.statistics
    var filled = es_runs_statistics()
    filled.active = UInt64(now.active)
    filled.retained = UInt64(now.retained)
    filled.bytes = UInt64(now.bytes)
    filled.waiting_producers = UInt64(now.waitingProducers)
    filled.started = UInt64(now.started)
    filled.finished = UInt64(now.ended["finished"] ?? 0)
    filled.failed = UInt64(now.ended["failed"] ?? 0)
    filled.stopped = UInt64(now.ended["stopped"] ?? 0)
    filled.interrupted = UInt64(now.ended["interrupted"] ?? 0)
    try fill(memory, size, with: filled, "es_runs_statistics")
  }
}
