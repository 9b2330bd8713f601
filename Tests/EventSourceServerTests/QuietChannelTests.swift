import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Streams of several recorded channels, one of which has no event while the stream is open.
@Suite struct QuietChannelTests {
  private let executor = ManualTaskExecutor()
  private let history = InMemoryEventRepository()

  init() { _ = history.append((1...3).map { ServerSentEvent(data: "long ago \($0)") }, to: "b") }

  private func makeHub() -> EventHub {
    let configuration = EventHub.Configuration.test {
      $0.taskExecutor = executor
      $0.retention = Retention(maximumEvents: 2)
    }
    let hub = EventHub(configuration: configuration)
    for name in ["a", "b"] as [ChannelName] { hub.setRepository(history, for: name) }
    return hub
  }

  private func connect(_ hub: EventHub, _ stack: SimulatedStack, after id: String? = nil) -> SimulatedStack.Connection {
    let reader = stack.connect(
      EventStreamHandler(hub), SimulatedRequest(lastEventID: id), channels: ["a", "b"])
    settle(stack, executor)
    return reader
  }

  private func publish(_ text: String, to name: ChannelName, _ hub: EventHub, _ stack: SimulatedStack) async throws {
    let publication = Task(executorPreference: executor) {
      try await hub.publish(text, to: name, waitingUntil: .stored)
    }
    settle(stack, executor)
    _ = try await publication.value
    settle(stack, executor)
  }

  private func received(_ reader: SimulatedStack.Connection) throws -> (texts: [String], lastEventID: String) {
    var parser = EventStreamParser()
    var texts: [String] = []
    try parser.parse(reader.response.body) { element in
      if case .event(let event) = element { texts.append(event.type == "message" ? event.data : event.type) }
    }
    return (texts, parser.lastEventID)
  }

  @Test func aQuietRecordedChannelIsReplayedFromItsHistory() async throws {
    let hub = makeHub()
    let stack = SimulatedStack(hub: hub)
    let reader = connect(hub, stack)
    try await publish("a1", to: "a", hub, stack)
    let last = try received(reader).lastEventID
    reader.disconnect()
    for number in 1...5 { try await publish("b\(number)", to: "b", hub, stack) }
    #expect(try received(connect(hub, stack, after: last)).texts == (1...5).map { "b\($0)" })
  }

  /// Comments are not events. They may come before the reader, and while the history is asked.
  @Test(arguments: 0...2)
  func aQuietRecordedChannelIsResumedAfterARestart(comments: Int) async throws {
    let hub = makeHub()
    let stack = SimulatedStack(hub: hub)
    if comments == 1 { try hub.publish(comment: "before", to: "b") }
    let reader = stack.connect(EventStreamHandler(hub), channels: ["a", "b"])
    stack.run()
    if comments == 2 {
      try hub.publish(comment: "while the history is asked", to: "b")
      stack.run()
    }
    settle(stack, executor)
    try await publish("a1", to: "a", hub, stack)
    let last = try received(reader).lastEventID
    hub.close()
    let next = makeHub()
    let nextStack = SimulatedStack(hub: next)
    let back = connect(next, nextStack, after: last)
    #expect(try received(back).texts.isEmpty)
    try await publish("b1", to: "b", next, nextStack)
    #expect(try received(back).texts == ["b1"])
  }

  @Test func aGapOfAQuietChannelIsToldOnce() async throws {
    let hub = makeHub()
    let stack = SimulatedStack(hub: hub)
    let reader = connect(hub, stack, after: "unknown")
    #expect(try received(reader).texts.filter { $0 == "eventsource-gap" }.count == 2)
    try await publish("a1", to: "a", hub, stack)
    let last = try received(reader).lastEventID
    reader.disconnect()
    #expect(try received(connect(hub, stack, after: last)).texts.isEmpty)
    hub.close()
    let next = makeHub()
    #expect(try received(connect(next, SimulatedStack(hub: next), after: last)).texts.isEmpty)
  }

  @Test func aQuietChannelWithAHistoryOfTheApplicationIsResumedInTheSameProcess() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.taskExecutor = executor })
    hub.setRepository(ReadOnlyRepository(filled: history), for: "b")
    let stack = SimulatedStack(hub: hub)
    let reader = connect(hub, stack)
    try hub.publish("a1", to: "a")
    settle(stack, executor)
    let last = try received(reader).lastEventID
    reader.disconnect()
    try hub.publish("b1", to: "b")
    #expect(try received(connect(hub, stack, after: last)).texts == ["b1"])
  }
}
