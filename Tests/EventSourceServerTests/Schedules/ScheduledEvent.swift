import EventSourceFormat

/// An event that notes in the ledger when the hub takes it, which for an awaited publication is in a job.
struct ScheduledEvent: ServerSentEventConvertible {
  let event: ServerSentEvent
  /// Called when the hub asks for the event, right before it publishes it.
  var taken: () -> Void = {}

  var serverSentEvent: ServerSentEvent {
    get throws {
      taken()
      return event
    }
  }
}
