import EventSourceFormat
import EventSourceServer

/// Reads the events that a returning reader missed from the table.
struct OrderHistory: EventRepository {
  let orders: Orders

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    var last = 0
    if let id = request.lastEventID {
      // The ID comes from a peer, so it may not be a number, or may not be an order's number.
      guard let number = Int(id.rawValue), id.rawValue == "\(number)", (0...(await orders.count)).contains(number)
      else { return .unknownID }
      last = number
    }
    let missed = await orders.numbers(after: last, limit: request.maximumEvents)
    return .contiguous(request.batch(of: try missed.map(event)))
  }
}

/// Returns an order as an event. Its number is its ID, so the table is the stream's history.
func event(_ number: Int, _ text: String) throws -> ServerSentEvent {
  ServerSentEvent(data: text, type: "order", id: try EventID("\(number)"))
}
