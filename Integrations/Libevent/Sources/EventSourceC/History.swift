public import CEventSource
import EventSourceFormat
import EventSourceServer

// The header's part "History", which documents the functions.

/// The repository of a C program.
// Sendable, because the program's functions may be called on any thread, as the header demands of them.
struct ProgramRepository: EventRepository, @unchecked Sendable {
  fileprivate static let pending = PendingAnswers<ReplayAnswer>()

  private let functions: es_repository
  private let context: ProgramContext

  init(_ repository: es_repository) throws(Failure) {
    _ = try required(repository.replay, "the repository's replay")
    functions = repository
    context = ProgramContext(repository.context, release: repository.release)
  }

  func events(for request: ReplayRequest) async throws -> ReplayAnswer {
    try await PendingAnswer(in: Self.pending).wait { handle in
      let lent = LentText()
      withExtendedLifetime(lent) {
        var lentRequest = es_replay_request(
          size: MemoryLayout<es_replay_request>.size, channel: lent.pointer(request.channel.rawValue),
          last_event_id: request.lastEventID.map { lent.pointer($0.rawValue) },
          maximum_events: request.maximumEvents, maximum_bytes: request.maximumBytes)
        functions.replay(context.pointer, handle, &lentRequest)
      }
    } cancelled: { handle in
      functions.cancelled?(context.pointer, handle)
    }
  }
}

/// See the header.
@c @implementation
public func es_hub_set_repository(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ repository: UnsafePointer<es_repository>!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(channel)
    if let repository {
      hub.register(try ProgramRepository(es_repository(reading: repository)), for: name)
    } else {
      hub.unregister(name)
    }
  }
}

/// See the header.
@c @implementation
public func es_replay_answer(
  _ replay: OpaquePointer!, _ outcome: es_replay_outcome, _ events: UnsafePointer<es_event>!, _ event_count: Int
) -> es_status {
  reporting {
    try ProgramRepository.pending.answer(replay, "replay") {
      let answered = try Text.events(events, event_count, of: "replay", needIDs: true)
      switch outcome {
      case ES_REPLAY_CONTIGUOUS: return .success(.contiguous(answered))
      case ES_REPLAY_GAP: return .success(.gap(answered))
      case ES_REPLAY_UNKNOWN_ID: return .success(.unknownID)
      default: throw Failure(.invalidValue, "there is no outcome \(outcome.rawValue) of a replay")
      }
    }
  }
}

/// See the header.
@c @implementation
public func es_replay_fail(_ replay: OpaquePointer!, _ reason: UnsafePointer<CChar>!) -> es_status {
  reporting {
    try ProgramRepository.pending.answer(replay, "replay") {
      .failure(ProgramError(description: try Text.optional(reason, "reason") ?? "no reason was given"))
    }
  }
}
