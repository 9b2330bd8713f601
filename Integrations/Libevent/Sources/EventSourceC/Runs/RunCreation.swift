public import CEventSource
import EventSourceServer

// Implements the answers to requests that start runs, in the header's part "Runs".

/// See the header.
@c @implementation
public func es_run_creation_answer(_ creation: OpaquePointer!, _ run: OpaquePointer!) -> es_status {
  reporting {
    try ProgramRunCreator.pending.answer(creation, "creation") {
      .success(try Handle.object(run, "run", as: ProgramRun.self).run)
    }
  }
}

/// See the header.
@c @implementation
public func es_run_creation_reject(
  _ creation: OpaquePointer!, _ status: Int32, _ reason: UnsafePointer<CChar>!, _ fields: UnsafePointer<es_field>!,
  _ field_count: Int
) -> es_status {
  reporting {
    try ProgramRunCreator.pending.answer(creation, "creation") {
      .failure(try EventStreamRejection(status, reason, fields, field_count))
    }
  }
}

/// See the header.
@c @implementation
public func es_run_creation_fail(_ creation: OpaquePointer!, _ reason: UnsafePointer<CChar>!) -> es_status {
  reporting {
    try ProgramRunCreator.pending.answer(creation, "creation") {
      .failure(ProgramError(description: try Text.optional(reason, "reason") ?? "no reason was given"))
    }
  }
}
