internal import EventSourceFormat

/// The events that a run writes itself: the first one, if configured, and always the last one.
///
///     event: eventsource-run
///     data: {"run":"k2v…"}
///
///     event: eventsource-end
///     data: {"run":"k2v…","outcome":"stopped","reason":"requested","error":"the run was stopped: requested"}
///
/// A plain `EventSource` can listen for both. Every outcome except `finished` has `error`, so that readers that do not
/// know runs recognize an error.
enum RunEvents {
  static let begin: EventType = "eventsource-run"
  static let end: EventType = "eventsource-end"

  static func begin(_ id: String) -> ServerSentEvent {
    ServerSentEvent(data: "{\"run\":\(GapEvent.quoted(id))}", type: begin)
  }

  static func end(_ id: String, _ outcome: RunOutcome) -> ServerSentEvent {
    var data = "{\"run\":\(GapEvent.quoted(id)),\"outcome\":\"\(outcome.name)\""
    switch outcome {
    case .finished: break
    case .failed(let text): data += ",\"error\":\(GapEvent.quoted(text))"
    case .stopped(let reason):
      data += ",\"reason\":\"\(reason.name)\",\"error\":\"the run was stopped: \(reason.name)\""
    case .interrupted: data += ",\"error\":\"the server ended before the run did\""
    }
    return ServerSentEvent(data: data + "}", type: end)
  }

  /// Returns the outcome in a run's last event, as ``end(_:_:)`` wrote it, or `nil` for any other event.
  static func outcome(of event: ServerSentEvent) -> RunOutcome? {
    guard event.type == end else { return nil }
    // A run's ID contains no quotation mark: {"run":"ID","outcome":"NAME","reason":"NAME" ...
    let quote: Character = "\""
    let parts = event.data.split(separator: quote, maxSplits: 12, omittingEmptySubsequences: false)
    guard parts.count > 8, parts[1] == "run", parts[5] == "outcome" else { return nil }
    switch parts[7] {
    case "finished": return .finished
    case "interrupted": return .interrupted
    case "failed": return .failed("as recorded")
    case "stopped" where parts.count > 12 && parts[9] == "reason":
      return [RunStopReason.requested(by: nil), .unwatched, .deadline, .byteLimit, .closed]
        .first { $0.name == parts[11] }.map { .stopped($0) }
    default: return nil
    }
  }
}
