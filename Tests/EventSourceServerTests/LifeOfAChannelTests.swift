import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests the effect on readers and publications when a channel is opened, removed, forgotten or given a history.
@Suite struct LifeOfAChannelTests {
  private let executor = ManualTaskExecutor()

  private func settle(_ stack: SimulatedStack) {
    repeat {
      stack.run()
      executor.run()
      stack.run()
    } while executor.count > 0
  }

  @Test func aStreamOfSeveralChannelsEndsOrGoesOnWithoutOneThatIsRemoved() throws {
    for removal in [EventStreamHandler.Configuration.ChannelRemoval.endsStream, .endsChannel] {
      let hub = EventHub(channels: ["a", "b", "c"], configuration: .test)
      let stack = SimulatedStack(hub: hub)
      let handler = EventStreamHandler(hub, configuration: .with { $0.channelRemoval = removal })
      let reader = stack.connect(handler, channels: ["a", "b", "c"])
      stack.run()
      try hub.publish("last of a", to: "a")
      hub.removeChannel("a")
      stack.run()
      #expect(reader.response.text.contains("data: last of a\n"))
      #expect(reader.isFinished == (removal == .endsStream))
      guard removal == .endsChannel else { continue }
      #expect(reader.response.text.hasSuffix("event: eventsource-removed\ndata: {\"channel\":\"a\"}\n\n"))
      hub.openChannel("a")
      try hub.publish("of another a", to: "a")
      let id = try hub.publish("b goes on", to: "b")
      stack.run()
      #expect(reader.response.text.hasSuffix("data: b goes on\nid: *b:\(id),c:\(hub.id(0, channel: 3))\n\n"))
      #expect(!reader.response.text.contains("of another a"))
      hub.removeChannel("b")
      hub.removeChannel("c")
      stack.run()
      #expect(reader.isFinished && hub.statistics.streamsEnded == [.channelRemoved: 1])
    }
  }

  @Test func aStreamThatWaitsForItsHistoryEndsWithItsChannel() throws {
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    hub.setRepository(InMemoryEventRepository(), for: "a")
    let stack = SimulatedStack(hub: hub)
    let handlers = [
      EventStreamHandler(hub), EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .reject(status: 410) }),
    ]
    let readers = handlers.map { stack.connect($0, SimulatedRequest(lastEventID: "n0"), channels: ["a"]) }
    stack.run()
    hub.removeChannel("a")
    settle(stack)
    #expect(readers.allSatisfy(\.isFinished) && readers[1].response.head?.status == 404)
    #expect(hub.statistics.readers == 0)
  }

  @Test func aStreamOfSeveralChannelsThatIsReplayedEndsWithAChannelThatIsRemoved() throws {
    let hub = EventHub(channels: ["b"], configuration: .test { $0.taskExecutor = executor })
    let history = InMemoryEventRepository()
    let id = history.append([ServerSentEvent(data: "1"), ServerSentEvent(data: "2")], to: "a")[0]
    hub.setRepository(history, for: "a")
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.channelRemoval = .endsChannel })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: "*a:\(id),b:"), channels: ["a", "b"])
    stack.run()
    hub.removeChannel("a")
    settle(stack)
    // The reader returns and is replayed. If it got the removal event, it would miss an event that the history has.
    #expect(reader.isFinished && hub.statistics.streamsEnded == [.channelRemoved: 1])
    #expect(!reader.response.text.contains("eventsource-removed"))
  }

  @Test func whatWasRecordedIsPublishedToTheChannelThatHasTheHistoryNow() async throws {
    for isRegisteredAgain in [true, false] {
      let history = InMemoryEventRepository()
      let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
      hub.setRepository(history, for: "a")
      let stack = SimulatedStack(hub: hub)
      let publication = Task(executorPreference: executor) {
        try await hub.publish("1", to: "a", waitingUntil: .stored)
      }
      executor.runNext()
      hub.removeChannel("a")
      if isRegisteredAgain { hub.setRepository(history, for: "a") } else { hub.openChannel("a") }
      let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
      settle(stack)
      _ = try await publication.value
      settle(stack)
      let isRecorded = history.newestEventID(in: "a") != nil
      // The event is in both or, without a history, only in the stream.
      #expect(isRecorded == isRegisteredAgain)
      #expect(reader.response.text.contains("data: 1\n"))
    }
  }
}
