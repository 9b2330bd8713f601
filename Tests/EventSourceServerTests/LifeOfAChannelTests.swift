import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// What becomes of readers and publications when a channel is opened, removed, forgotten and given a history.
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
      hub.remove("a")
      stack.run()
      #expect(reader.response.text.contains("data: last of a\n"))
      #expect(reader.isFinished == (removal == .endsStream))
      guard removal == .endsChannel else { continue }
      #expect(reader.response.text.hasSuffix("event: eventsource-removed\ndata: {\"channel\":\"a\"}\n\n"))
      hub.open("a")
      try hub.publish("of another a", to: "a")
      let id = try hub.publish("b goes on", to: "b")
      stack.run()
      #expect(reader.response.text.hasSuffix("data: b goes on\nid: *b:\(id),c:\(hub.id(0, channel: 3))\n\n"))
      #expect(!reader.response.text.contains("of another a"))
      hub.remove("b")
      hub.remove("c")
      stack.run()
      #expect(reader.isFinished && hub.statistics.ended == [.channelRemoved: 1])
    }
  }

  @Test func aStreamThatWaitsForItsHistoryEndsWithItsChannel() throws {
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    hub.register(InMemoryEventRepository(), for: "a")
    let stack = SimulatedStack(hub: hub)
    let handlers = [
      EventStreamHandler(hub), EventStreamHandler(hub, configuration: .with { $0.afterGap = .refuse(status: 410) }),
    ]
    let readers = handlers.map { stack.connect($0, SimulatedRequest(lastEventID: "n0"), channels: ["a"]) }
    stack.run()
    hub.remove("a")
    settle(stack)
    #expect(readers.allSatisfy(\.isFinished) && readers[1].response.head?.status == 404)
    #expect(hub.statistics.readers == 0)
  }

  @Test func whatWasRecordedIsPublishedToTheChannelThatHasTheHistoryNow() async throws {
    for isRegisteredAgain in [true, false] {
      let history = InMemoryEventRepository()
      let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
      hub.register(history, for: "a")
      let stack = SimulatedStack(hub: hub)
      let publication = Task(executorPreference: executor) {
        try await hub.publish("1", to: "a", awaiting: .published)
      }
      executor.runNext()
      hub.remove("a")
      if isRegisteredAgain { hub.register(history, for: "a") } else { hub.open("a") }
      let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
      settle(stack)
      _ = try await publication.value
      settle(stack)
      let isRecorded = history.newestEventID(in: "a") != nil
      // In both, or, without a history, in the stream alone.
      #expect(isRecorded == isRegisteredAgain)
      #expect(reader.response.text.contains("data: 1\n"))
    }
  }
}

/// The same with threads.
@Suite struct LifeOfAChannelStressTests {
  private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

  /// Publishers, readers and those who open, remove and register, on threads of their own: nothing is lost in silence,
  /// nothing is left, and no event comes to a channel that it was not published to.
  @Test(.timeLimit(.minutes(3))) func manyThreadsMayDoAllOfThisAtOnce() async throws {
    let hub = EventHub(
      configuration: .test {
        $0.channelCreation = .onDemand
        $0.log = LogLimits(bytes: 4096)
        $0.maximumBytes = 256 << 10
      })
    let names = (0..<6).map { ChannelName(stringLiteral: "c\($0)") }
    let history = InMemoryEventRepository(maximumEvents: 50)
    let isOver = Flag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for publisher in 0..<3 {
        group.addTask {
          for number in 0..<1500 {
            let name = names[(number + publisher) % names.count]
            do {
              try hub.publish("\(name) \(number)", to: name)
            } catch PublishError.recordingChannel {
              try await hub.publish("\(name) \(number)", to: name, awaiting: .published)
            }
          }
          if publisher == 0 { isOver.set() }
        }
      }
      group.addTask {
        var number = 0
        while !isOver.isSet {
          number += 1
          let name = names[number % names.count]
          switch number % 4 {
          case 0: hub.remove(name)
          case 1: hub.open(name)
          case 2: hub.register(history, for: name)
          default: hub.unregister(name, disconnectingReaders: number % 8 == 3)
          }
          await Task.yield()
        }
      }
      for lane in 0..<2 {
        group.addTask {
          let stack = SimulatedStack(hub: hub)
          let handler = EventStreamHandler(hub)
          var readers: [(SimulatedStack.Connection, [ChannelName])] = []
          var number = lane
          while !isOver.isSet {
            number += 1
            let channels = [names[number % names.count], names[(number / 2 + 1) % names.count]].prefix(1 + number % 2)
            readers.append(
              (
                stack.connect(handler, channels: channels.map(\.rawValue), room: number % 3 == 0 ? 500 : .max),
                Array(channels)
              ))
            stack.run()
            stack.advance(by: .milliseconds(5))
            if readers.count > 20 {
              let (reader, channels) = readers.removeFirst()
              try Self.check(reader, channels)
              if !reader.isFinished { reader.hangUp() }
            }
            await Task.yield()
          }
          for (reader, channels) in readers {
            try Self.check(reader, channels)
            if !reader.isFinished { reader.hangUp() }
          }
          stack.run()
          stack.lane.close()
        }
      }
      try await group.waitForAll()
    }
    for name in names { hub.remove(name) }
    let statistics = hub.statistics
    #expect(statistics.readers == 0 && statistics.opened == statistics.ended.values.reduce(0, +))
    #expect(statistics.heldBytes <= 16, "\(statistics.heldBytes) bytes are left")
  }

  private static func check(_ reader: SimulatedStack.Connection, _ channels: [ChannelName]) throws {
    var parser = EventStreamParser()
    try parser.parse(reader.response.body) { element in
      guard case .event(let event) = element, event.type == "message" else { return }
      #expect(channels.contains { event.data.hasPrefix("\($0) ") }, "\(event.data) in \(channels)")
    }
  }
}
