public import CEventSource
import EventSourceFormat
import EventSourceServer

// Implements the functions of one run in the header's part "Runs", which documents them.

private func run(of handle: OpaquePointer?) throws -> Run { try Handle.object(handle, "run", as: ProgramRun.self).run }

private func event(_ event: es_event, for run: Run) throws -> ServerSentEvent {
  try Text.event(event, maximumBytes: run.hub.configuration.maximumEventBytes)
}

/// See the header.
@c @implementation
public func es_run_free(_ run: OpaquePointer!) { Handle.free(run, as: ProgramRun.self) }

/// See the header.
@c @implementation
public func es_run_id(_ run: OpaquePointer!) -> UnsafePointer<CChar>! {
  (try? Handle.object(run, "run", as: ProgramRun.self)).map { UnsafePointer($0.id) }
}

/// See the header.
@c @implementation
public func es_run_write(_ handle: OpaquePointer!, _ data: UnsafePointer<CChar>!, _ data_length: Int) -> es_status {
  reporting {
    let run = try run(of: handle)
    var given = es_event()
    given.data = data
    given.data_length = data_length
    try run.write(event(given, for: run))
  }
}

/// See the header.
@c @implementation
public func es_run_write_event(_ handle: OpaquePointer!, _ event: UnsafePointer<es_event>!) -> es_status {
  reporting {
    let run = try run(of: handle)
    try run.write(EventSourceC.event(es_event(reading: required(event, "event")), for: run))
  }
}

/// See the header.
@c @implementation
public func es_run_write_recorded(
  _ handle: OpaquePointer!, _ event: UnsafePointer<es_event>!,
  _ written: (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<es_publication>?) -> Void)!,
  _ context: UnsafeMutableRawPointer!
) -> es_status {
  reporting {
    let run = try run(of: handle)
    let event = try EventSourceC.event(es_event(reading: required(event, "event")), for: run)
    try RecordedPublication.run(written, context) { try await run.write(event, waitingUntil: .stored) }
  }
}

/// See the header.
@c @implementation
public func es_run_finish(_ handle: OpaquePointer!, _ last: UnsafePointer<es_event>!) -> es_status {
  reporting {
    let run = try run(of: handle)
    guard let last else { return try run.finish() }
    try run.finish(event(es_event(reading: last), for: run))
  }
}

/// See the header.
@c @implementation
public func es_run_fail(_ handle: OpaquePointer!, _ reason: UnsafePointer<CChar>!) -> es_status {
  reporting {
    let run = try run(of: handle)
    let reason = try Text.required(reason, "reason")
    guard run.fail(reason) else { throw RunError.ended(run.outcome ?? .stopped(.closed)) }
  }
}

/// See the header.
@c @implementation
public func es_run_stop(
  _ handle: OpaquePointer!, _ reason: es_stop_reason, _ identity: UnsafePointer<CChar>!
) -> es_status {
  reporting {
    let run = try run(of: handle)
    let identity = try Text.optional(identity, "identity")
    switch reason {
    case ES_STOP_REQUESTED: run.stop(.requested(by: identity))
    case ES_STOP_UNWATCHED: run.stop(.unwatched)
    case ES_STOP_DEADLINE: run.stop(.deadline)
    case ES_STOP_BYTE_LIMIT: run.stop(.byteLimit)
    case ES_STOP_CLOSED: run.stop(.closed)
    default:
      throw Failure(.invalidValue, "a run cannot be stopped for the reason \(Int32(bitPattern: reason.rawValue))")
    }
  }
}

/// See the header.
@c @implementation
public func es_run_inspect(
  _ handle: OpaquePointer!, _ info: UnsafeMutablePointer<es_run_info>!, _ size: Int
) -> es_status {
  reporting {
    let run = try run(of: handle)
    let memory = try required(info, "info")
    var filled = es_run_info()
    filled.outcome = run.outcome?.inHeader ?? ES_RUN_ACTIVE
    filled.stop_reason = run.stopRequest?.inHeader ?? ES_STOP_NONE
    filled.viewers = UInt64(run.viewerCount)
    filled.bytes = UInt64(run.byteCount)
    filled.is_gone = run.isGone ? 1 : 0
    try fill(memory, size, with: filled, "es_run_info")
  }
}
