import EventSourceFormat

/// An event that calls a closure when the hub converts it. An awaited publication does that in a job.
struct ScheduledEvent: ServerSentEventConvertible {
  let event: ServerSentEvent
  /// Called when the hub requests the event, immediately before it publishes it.
  var taken: () -> Void = {}

  var serverSentEvent: ServerSentEvent {
    get throws {
      taken()
      return event
    }
  }
}
