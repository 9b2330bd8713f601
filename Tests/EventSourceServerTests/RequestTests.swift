import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct RequestTests {
  let hub = EventHub(channels: ["news"], configuration: .test)

  private func answer(
    _ request: SimulatedRequest, channels: [String] = ["news"],
    _ configuration: EventStreamHandler.Configuration = .init()
  ) -> EventStreamResponseHead? {
    let stack = SimulatedStack(hub: hub)
    let connection = stack.connect(EventStreamHandler(hub, configuration: configuration), request, channels: channels)
    stack.run()
    return connection.response.head
  }

  @Test func theHeadOfAStreamSaysWhatProxiesAndBrowsersNeed() {
    let head = answer(SimulatedRequest())
    #expect(
      head
        == EventStreamResponseHead(
          status: 200,
          fields: [
            HeaderField("Content-Type", "text/event-stream; charset=utf-8"),
            HeaderField("Cache-Control", "no-cache, no-transform"),
            HeaderField("X-Accel-Buffering", "no"),
          ],
          body: .stream
        )
    )
  }

  @Test func headIsAnsweredWithoutABodyAndTakesNoPlace() {
    #expect(answer(SimulatedRequest(method: "HEAD"))?.status == 200)
    #expect(answer(SimulatedRequest(method: "HEAD"))?.body == EventStreamResponseHead.Body.none)
    #expect(answer(SimulatedRequest(method: "HEAD"), channels: ["nowhere"])?.body == EventStreamResponseHead.Body.none)
    #expect(hub.statistics.readers == 0)
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "get", "", "PROPFIND"])
  func otherMethodsAreRefusedWithThoseAllowed(method: String) {
    let head = answer(SimulatedRequest(method: method))
    #expect(head?.status == 405)
    #expect(head?.fields.values(of: "allow") == ["GET, HEAD, OPTIONS"])
  }

  @Test(arguments: [
    ("text/event-stream", 200), ("TEXT/Event-Stream", 200), ("*/*", 200), ("text/*;q=0.1", 200), ("", 200),
    ("application/json, text/event-stream;q=0.5", 200), ("nonsense", 200), ("text/html;q=1, */*;q=0.001", 200),
    ("application/json", 406), ("text/event-stream;q=0", 406), ("text/event-stream; q=0.000, */*", 406),
    ("text/html, text/*;q=0.0, */*", 406),
  ])
  func anAcceptFieldThatExcludesEventStreamsIsRefused(accept: String, status: Int) {
    #expect(answer(SimulatedRequest(fields: [HeaderField("accept", accept)]))?.status == status)
  }

  @Test(arguments: [
    ("/events", ["nowhere"], 404), ("/events", [], 400), ("/events", [""], 400), ("/events", ["a\nb"], 400),
    ("/events", [String(repeating: "x", count: 256)], 400), ("events", ["news"], 400), ("/?x=%zz", ["news"], 400),
    ("/?channel=news&channel=news", [], 200), ("/?channel=nowhere", ["news"], 404), ("/?channel=", ["news"], 400),
    ("/?" + (1...17).map { "channel=\($0)" }.joined(separator: "&"), [], 400),
  ])
  func illFormedAndUnknownAreRefusedWithOneLineOfReason(target: String, channels: [String], status: Int) throws {
    let head = try #require(answer(SimulatedRequest(target: target), channels: channels))
    #expect(head.status == status)
    guard status != 200, case .bytes(let body) = head.body else { return }
    #expect(body.last == UInt8(ascii: "\n") && body.filter { $0 == UInt8(ascii: "\n") }.count == 1 && body.count > 10)
  }

  @Test func channelsAreMadeOnDemandIfSoConfiguredAndForgottenWithTheirLastReader() throws {
    let hub = EventHub(
      configuration: .test {
        $0.channelCreation = .onDemand; $0.maximumChannels = 2
      })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let first = stack.connect(handler, channels: ["a"])
    let second = stack.connect(handler, channels: ["b"])
    let third = stack.connect(handler, channels: ["c"])
    stack.run()
    #expect([first, second, third].map { $0.response.head?.status } == [200, 200, 503])
    #expect(throws: PublishError.tooManyChannels(limit: 2)) { try hub.publish("x", to: "c") }
    first.disconnect()
    #expect(hub.statistics.channels == 1)
    try hub.publish("x", to: "c")
    second.disconnect()
    #expect(hub.statistics.channels == 1)
  }
}
