public import CEventSource
import CLibevent
import EventSourceLibevent
import EventSourceServer

// Implements the functions for runs of the header's part "Streams", which documents them.

/// See the header.
@c @implementation
public func es_streams_mount_runs(
  _ streams: OpaquePointer!, _ http: OpaquePointer!, _ path: UnsafePointer<CChar>!, _ runs: OpaquePointer!,
  _ creator: UnsafePointer<es_run_creator>!
) -> es_status {
  reporting {
    let streams: ProgramStreams = try Handle.object(streams, "streams")
    let http = try required(http, "http")
    let path = try Text.required(path, "path")
    let pattern = try PathPattern(path)
    guard !path.utf8.contains(where: { "?#".utf8.contains($0) }) else {
      throw Failure(.invalidText, "the path \"\(path)\" has a query or a fragment")
    }
    let runs: RunCollection = try Handle.object(runs, "runs")
    try requireHub(of: streams, runs.hub)
    let creator = try creator.map { try es_run_creator(reading: $0) }
    // Validates first: an object that is created and then discarded would release the program's context.
    if let creator {
      _ = try required(creator.create, "the creator's create")
      guard (0...1).contains(creator.responds_created) else {
        throw Failure(.invalidValue, "responds_created cannot be \(creator.responds_created); expected 0 or 1")
      }
    }
    try streams.requireFree(http, pattern, path)
    let handler: RunHandler
    if let creator {
      let program = ProgramRunCreator(creator)
      handler = RunHandler(runs, answer: creator.responds_created == 1 ? .created : .stream) {
        try await program.create($0, in: runs)
      }
    } else {
      handler = RunHandler(runs) { _ in throw EventStreamRejection.notStartedHere }
    }
    streams.routes.append(ProgramStreams.Route(http: http, pattern: pattern, served: .runs(handler)))
  }
}

/// See the header.
@c @implementation
public func es_streams_respond_with_run(
  _ streams: OpaquePointer!, _ request: OpaquePointer!, _ run: OpaquePointer!, _ fields: UnsafePointer<es_field>!,
  _ field_count: Int
) -> es_status {
  reporting {
    let streams: ProgramStreams = try Handle.object(streams, "streams")
    let request = try required(request, "request")
    let run: ProgramRun = try Handle.object(run, "run")
    try requireHub(of: streams, run.run.hub)
    let fields = try Text.fields(fields, field_count)
    if let wrong = fields.first(where: { !$0.isSendable }) {
      throw Failure(.invalidText, "the field \"\(wrong.name)\" cannot be sent")
    }
    streams.streams.respond(to: request, with: run.run, adding: fields)
  }
}

private func requireHub(of streams: ProgramStreams, _ hub: EventHub) throws(Failure) {
  guard streams.streams.hub === hub else { throw Failure(.invalidValue, "the runs are of another hub") }
}

extension EventStreamRejection {
  fileprivate static let notStartedHere = EventStreamRejection(
    status: 405, fields: [HeaderField("Allow", "OPTIONS")], reason: "runs are not started here")
}
