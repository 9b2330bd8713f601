import EventSourceServer
import EventSourceTesting
import Testing

/// Tests which channels a request reads: those of its path or of the endpoint or, only if there are none, those of the
/// query.
@Suite struct ChannelSelectionTests {
  private let hub = EventHub(channels: ["public", "staff", "news"], configuration: .test)

  /// Returns the status of a request, and what it receives when an event is published to every channel.
  private func read(
    _ target: String, route: [String] = [], _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in }
  ) throws -> (response: SimulatedResponse, channels: Set<String>) {
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with(change))
    let reader = stack.connect(handler, SimulatedRequest(target: target), channels: route)
    stack.run()
    for name in ["public", "staff", "news"] as [ChannelName] { try hub.publish("of \(name)", to: name) }
    stack.run()
    defer { reader.disconnect() }
    let lines = reader.response.text.split(separator: "\n").filter { $0.hasPrefix("data: of ") }
    return (reader.response, Set(lines.map { String($0.dropFirst(9)) }))
  }

  @Test(arguments: [
    "/events/public?channel=staff", "/events/public?x=1&channel=staff", "/events/public?channel=public",
    "/events/public?%63hannel=st%61ff", "/events/public?channel=staff&channel=news", "/events/public?channel=",
    "/p?channel=staff", "//public?channel=staff", "/events/public/?channel=staff",
  ])
  func theQueryAddsNoChannelToThoseOfThePath(target: String) throws {
    let (response, channels) = try read(target, route: ["public"])
    #expect(response.head?.status == 400 && channels.isEmpty)
    guard case .bytes(let body) = response.head?.body else { return #expect(Bool(false), "a rejection has a reason") }
    let reason = String(decoding: body, as: UTF8.self)
    #expect(reason.contains("\"channel\"") && reason.hasSuffix("\n") && reason.count { $0 == "\n" } == 1)
  }

  @Test func theQueryAddsNoChannelToThoseOfTheEndpoint() throws {
    for target in ["/?channel=staff", "/events?channel=staff"] {
      let (response, channels) = try read(target) { $0.channels = ["public"] }
      #expect(response.head?.status == 400 && channels.isEmpty)
    }
    #expect(try read("/events") { $0.channels = ["public"] }.channels == ["public"])
  }

  @Test func thePathAddsToTheChannelsOfTheEndpoint() throws {
    #expect(try read("/events/news", route: ["news"]) { $0.channels = ["public"] }.channels == ["public", "news"])
    #expect(try read("/events/public", route: ["public"]) { $0.channels = ["public"] }.channels == ["public"])
  }

  @Test func theQueryNamesChannelsWhereNothingElseDoes() throws {
    #expect(try read("/events?channel=news&channel=public").channels == ["news", "public"])
    #expect(try read("/events?feed=news") { $0.channelQueryItem = "feed" }.channels == ["news"])
    #expect(try read("/events?channel=news") { $0.channelQueryItem = "feed" }.response.head?.status == 400)
    #expect(try read("/events?channel=news") { $0.channelQueryItem = nil }.response.head?.status == 400)
  }

  @Test func anItemThatNamesNoChannelsIsNothingToThePath() throws {
    #expect(try read("/events/public?feed=staff&CHANNEL=staff", route: ["public"]).channels == ["public"])
    let (_, channels) = try read("/events/public?channel=staff", route: ["public"]) { $0.channelQueryItem = nil }
    #expect(channels == ["public"])
  }

  @Test func theRootPathNamesNothingSoTheQueryMayAddToWhatTheProgramChose() throws {
    #expect(try read("/?channel=news", route: ["public"]).channels == ["public", "news"])
  }

  @Test func anEndpointMayLetTheQueryAddChannels() throws {
    let (_, channels) = try read("/events/public?channel=staff", route: ["public"]) {
      $0.channels = ["news"]
      $0.addsChannelsFromQuery = true
    }
    #expect(channels == ["public", "staff", "news"])
  }
}
