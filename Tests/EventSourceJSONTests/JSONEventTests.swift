import EventSourceFormat
import EventSourceJSON
import EventSourceServer
import Foundation
import Testing

/// Tests of values that are published as JSON.
struct JSONEventTests {
  private struct Price: JSONEvent, Decodable, Hashable {
    var symbol: String
    var cents: Int
    static let eventType: EventType? = "price"
  }

  private let price = Price(symbol: "ABC", cents: 1250)

  private func sorted() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return encoder
  }

  @Test func aValueBecomesAnEventAndComesBack() throws {
    let event = try ServerSentEvent(
      json: price, type: "price", id: EventID("1"), reconnectionTime: .seconds(1), encoder: sorted())
    #expect(event.data == #"{"cents":1250,"symbol":"ABC"}"#)
    #expect(event.type == "price" && event.id?.rawValue == "1" && event.reconnectionTime == .seconds(1))
    #expect(try event.json(as: Price.self) == price)
  }

  @Test func whatIsPublishedIsInTheLog() async throws {
    let hub = EventHub(channels: ["prices"])
    #expect(try hub.publish(json: price, type: "price", id: EventID("a"), to: "prices").rawValue == "a")
    #expect(try await hub.publish(json: [1, 2], to: "prices", waitingUntil: .stored).rawValue != "a")
    try hub.publish(price, to: "prices")
    try hub.publish(json: "text", to: "prices", coalescingKey: "k")
    #expect(hub.statistics.eventsPublished == 4)
    #expect(throws: PublishError.unknownChannel("nowhere")) { try hub.publish(json: 1, to: "nowhere") }
  }

  @Test func aPrettyEncoderMakesLinesThatArriveAsTheyAre() throws {
    let encoder = sorted()
    encoder.outputFormatting.insert(.prettyPrinted)
    let event = try ServerSentEvent(json: price, encoder: encoder)
    #expect(event.data.contains("\n"))
    #expect(try event.json(as: Price.self) == price)
  }

  @Test func whatJSONDoesNotHaveIsNotPublished() throws {
    let hub = EventHub(channels: ["news"])
    #expect(throws: EncodingError.self) { try hub.publish(json: Double.nan, to: "news") }
    #expect(hub.statistics.eventsPublished == 0)
  }

  @Test func anErrorNamesThePlace() throws {
    struct Item: Decodable { var name: String }
    struct Order: Decodable {
      var items: [Item]
      var count: Int8
      var tags: [String: Bool]?
      var link: URL?
    }
    let cases = [
      (#"{"items":[{"name":"a"},{"name":1}],"count":1}"#, "items[1].name: expected a string"),
      (#"{"items":[{"name":"a"},{}],"count":1}"#, "items[1].name: missing"),
      (#"{"items":[{"name":null}],"count":1}"#, "items[0].name: missing"),
      (#"{"items":[]}"#, "count: missing"), (#"{"items":[],"count":"1"}"#, "count: expected an integer"),
      (#"{"items":{},"count":1}"#, "items: expected an array"),
      (#"{"items":[],"count":1,"tags":{"a b\n":1}}"#, #"tags."a b ": expected true or false"#),
      (#"[]"#, "expected an object"), (#"{"#, "not valid JSON"), ("", "not valid JSON"),
      ("\u{0}", "not valid JSON"), (#"{"items":[],"count":1,"link":"http://["}"#, "link: Invalid URL string."),
      (#"{"items":[],"count":1000}"#, "count: expected an integer from -128 to 127"),
      (#"{"items":[],"count":1.5}"#, "count: expected an integer from -128 to 127"),
      (#"{"items":[{"name":"a"}],"count":1e99}"#, "count: expected an integer from -128 to 127"),
      (#"{"items":[],"count":1,"tags":{"a":true}"#, "not valid JSON"),
    ]
    for (text, expected) in cases {
      let error = #expect(throws: JSONError.self) { try ServerSentEvent(data: text).json(as: Order.self) }
      #expect(error?.description == expected)
    }
    let nested = #"{"a":[1,2,300]}"#
    let error = #expect(throws: JSONError.self) {
      try ServerSentEvent(data: nested).json(as: [String: [UInt8]].self)
    }
    #expect(error?.path == "a[2]")
  }

  @Test func nothingAPeerSendsStopsTheProgram() throws {
    let name = String(repeating: "n", count: 10_000)
    let texts = [
      String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 20_000), "1e999999999", "-",
      "\"\\ud800\"", "{\"\(name)\":1}", "[1e400]", String(repeating: "9", count: 10_000), "nul", "\u{FEFF}1",
    ]
    for text in texts {
      let event = ServerSentEvent(data: text)
      for error in [
        #expect(throws: (any Error).self) { try event.json(as: [String: [String: Int8]].self) },
        #expect(throws: (any Error).self) { try event.json(as: [[Int]].self) },
      ] {
        #expect((error.map { "\($0)" } ?? "").count < 500)
      }
    }
  }
}
