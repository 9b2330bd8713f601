public import CEventSource
import EventSourceFormat
import EventSourceServer

// The header's part "History", as far as it is about snapshots; it documents the functions.

/// The snapshots of a C program.
// Sendable, because the program's functions may be called on any thread, as the header demands of them.
struct ProgramSnapshots: SnapshotProvider, @unchecked Sendable {
  fileprivate static let pending = PendingAnswers<[ServerSentEvent]>()

  private let functions: es_snapshots
  private let context: ProgramContext

  init(_ snapshots: es_snapshots) throws(Failure) {
    _ = try required(snapshots.snapshot, "the snapshots' snapshot")
    functions = snapshots
    context = ProgramContext(snapshots.context, release: snapshots.release)
  }

  func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent] {
    try await PendingAnswer(in: Self.pending).wait { handle in
      channel.rawValue.withCString { functions.snapshot(context.pointer, handle, $0) }
    } cancelled: { handle in
      functions.cancelled?(context.pointer, handle)
    }
  }
}

/// See the header.
@c @implementation
public func es_snapshot_answer(
  _ snapshot: OpaquePointer!, _ events: UnsafePointer<es_event>!, _ event_count: Int
) -> es_status {
  reporting {
    try ProgramSnapshots.pending.answer(snapshot, "snapshot") {
      .success(try Text.events(events, event_count, of: "snapshot", needIDs: false))
    }
  }
}

/// See the header.
@c @implementation
public func es_snapshot_fail(_ snapshot: OpaquePointer!, _ reason: UnsafePointer<CChar>!) -> es_status {
  reporting {
    try ProgramSnapshots.pending.answer(snapshot, "snapshot") {
      .failure(ProgramError(description: try Text.optional(reason, "reason") ?? "no reason was given"))
    }
  }
}
