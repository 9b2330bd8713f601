import EventSourceFormat
import EventSourceServer
import Testing

@testable import CustomRepository

@Suite struct OrderHistoryTests {
  private let orders = Orders()
  private var history: OrderHistory { OrderHistory(orders: orders) }

  @Test func aBatchEndsWithTheEventThatReachesALimit() async throws {
    for text in ["two", "three", "four"] { _ = await orders.add(text) }
    for (events, bytes, expected) in [(2, 1000, 2), (10, 3, 1), (10, 4, 2), (10, 8, 2), (10, 9, 3)] {
      let request = ReplayRequest(
        channel: "orders", lastEventID: nil, maximumEvents: events, maximumBytes: bytes)
      guard case .contiguous(let batch) = try await history.events(for: request) else {
        Issue.record("the events are not contiguous")
        continue
      }
      let ids = batch.compactMap { $0.id?.rawValue }
      #expect(ids == Array(["1", "2", "3"].prefix(expected)), "\(events) events, \(bytes) bytes")
    }
  }

  @Test(arguments: ["", "x", "-1", "3", "01", "+1", "99999999999999999999"] as [EventID])
  func anIDThatNoOrderHasIsUnknown(id: EventID) async throws {
    for text in ["one", "two"] { _ = await orders.add(text) }
    let result = try await history.events(for: ReplayRequest(channel: "orders", lastEventID: id))
    #expect(result == .unknownID)
  }
}
