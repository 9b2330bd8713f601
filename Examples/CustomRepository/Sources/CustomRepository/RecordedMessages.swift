import EventSourceFormat
import EventSourceServer
import Foundation

/// A history that publishing writes to. Its rows are in memory here, in place of a table of your database.
actor RecordedMessages: NewestEventReporting {
  private struct Rows {
    var events: [ServerSentEvent] = []
    /// The newest row with an ID.
    var positions: [EventID: Int] = [:]

    mutating func append(_ event: ServerSentEvent, _ id: EventID) {
      positions[id] = events.count
      events.append(event)
      events[events.count - 1].id = id
    }
  }

  private var rows: [ChannelName: Rows] = [:]

  func append(_ events: [ServerSentEvent], to channel: ChannelName) throws -> [EventID] {
    // First of all, because either all events are stored or none.
    for event in events { try event.id?.checkReturnable() }
    // No other event has the new ID, whatever IDs the publishers choose.
    let ids = try events.map { try $0.id ?? EventID(UUID().uuidString) }
    for (event, id) in zip(events, ids) { rows[channel, default: Rows()].append(event, id) }
    return ids
  }

  func events(for request: ReplayRequest) -> ReplayResult {
    let stored = rows[request.channel] ?? Rows()
    guard let id = request.lastEventID else { return .contiguous(request.batch(of: stored.events)) }
    guard let position = stored.positions[id] else { return .unknownID }
    return .contiguous(request.batch(of: stored.events[(position + 1)...]))
  }

  func newestEventID(in channel: ChannelName) -> EventID? { rows[channel]?.events.last?.id }

  // No event is ever removed.
  func hasEveryEvent(in channel: ChannelName) -> Bool { true }
}
