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
    func has(_ text: String) -> Bool { event.data.containsBytes(of: text) }
    if has("\"outcome\":\"finished\"") { return .finished }
    if has("\"outcome\":\"interrupted\"") { return .interrupted }
    if has("\"outcome\":\"failed\"") { return .failed("as recorded") }
    for reason in [RunStopReason.requested(by: nil), .unwatched, .deadline, .byteLimit, .closed]
    where has("\"outcome\":\"stopped\",\"reason\":\"\(reason.name)\"") {
      return .stopped(reason)
    }
    return nil
  }
}
