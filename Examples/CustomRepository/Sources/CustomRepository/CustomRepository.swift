import EventSourceBuiltInServer
import EventSourceFormat
import EventSourceServer
import Foundation

/// The application's own data: orders in a table, here in memory, numbered as they come in.
actor Orders {
  private var rows: [String] = []

  func add(_ text: String) -> Int {
    rows.append(text)
    return rows.count
  }

  func numbers(after number: Int, limit: Int) -> [(number: Int, text: String)] {
    rows.indices.dropFirst(number).prefix(limit).map { ($0 + 1, rows[$0]) }
  }

  var count: Int { rows.count }
}

/// An order as an event: its number is its ID, so the table is the stream's history.
func event(_ number: Int, _ text: String) throws -> ServerSentEvent {
  ServerSentEvent(data: text, type: "order", id: try EventID("\(number)"))
}

/// Tells a reader that returns what it has missed, from the table.
struct OrderHistory: EventRepository {
  let orders: Orders

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    let last = request.lastEventID.map { Int($0.rawValue) } ?? 0
    // It comes from a peer: perhaps it is no number, or one that no order has.
    guard let last, (0...(await orders.count)).contains(last) else { return .unknownID }
    let missed = await orders.numbers(after: last, limit: request.maximumEvents)
    return .contiguous(try missed.map(event))
  }
}

@main struct CustomRepository {
  static func main() async throws {
    let orders = Orders()
    var configuration = EventHub.Configuration()
    // The hub itself remembers one event; everything else is in the table.
    configuration.retention.maximumEvents = 1
    let hub = EventHub(configuration: configuration)
    hub.setRepository(OrderHistory(orders: orders), for: "orders")

    let server = BuiltInServer()
    server.mount(EventStreamHandler(hub), at: "/events/{channel}")
    server.route("POST", at: "/orders") { request in
      let number = await orders.add(request.text)
      // First stored, then published: whoever returns between the two gets it once.
      try hub.publish(try event(number, request.text), to: "orders")
      return .text("\(number)\n", status: 201)
    }
    try await server.run { address in
      print(
        """
        Listening on \(address.url)

          curl -d 'two coffees' \(address.url)/orders
          curl -N \(address.url)/events/orders
          curl -N -H 'Last-Event-ID: 0' \(address.url)/events/orders
        """)
      fflush(nil)
    }
  }
}
