import EventSourceBuiltInServer
import EventSourceFormat
import EventSourceServer
import Foundation

@main struct CustomRepository {
  static func main() async throws {
    let orders = Orders()
    var configuration = EventHub.Configuration()
    // The hub retains only one event of a channel. The histories have all others.
    configuration.retention.maximumEvents = 1
    let hub = EventHub(configuration: configuration)
    hub.setRepository(OrderHistory(orders: orders), for: "orders")
    hub.setRepository(RecordedMessages(), for: "messages")

    let server = BuiltInServer()
    server.mount(EventStreamHandler(hub), at: "/events/{channel}")
    server.route("POST", at: "/orders") { request in
      let number = await orders.add(request.text)
      // Stored before it is published, so a reader that returns in between gets it exactly once.
      try hub.publish(try event(number, request.text), to: "orders")
      return .text("\(number)\n", status: 201)
    }
    server.route("POST", at: "/messages") { request in
      let id = try await hub.publish(request.text, to: "messages", waitingUntil: .stored)
      return .text("\(id)\n", status: 201)
    }
    try await server.run { address in
      print(
        """
        Listening on \(address.url)

          curl -d 'two coffees' \(address.url)/orders
          curl -N \(address.url)/events/orders
          curl -N -H 'Last-Event-ID: 0' \(address.url)/events/orders

        The same with messages in place of orders.
        """)
      fflush(nil)
    }
  }
}
