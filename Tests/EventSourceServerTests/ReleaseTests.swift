import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests that nothing keeps an unused hub, its repositories or its channels in memory.
@Suite struct ReleaseTests {
  @Test(arguments: [["a"], ["a", "b"]], [false, true])
  func whatNobodyUsesIsReleased(channels: [String], isLaneClosedFirst: Bool) throws {
    weak var hub: EventHub?
    weak var repository: InMemoryEventRepository?
    do {
      let (newHub, newRepository) = (EventHub(channels: ["a", "b"], configuration: .test), InMemoryEventRepository())
      (hub, repository) = (newHub, newRepository)
      let stack = SimulatedStack(hub: newHub)
      let handler = EventStreamHandler(newHub)
      for round in 0..<3 {
        let readers = (0..<3).map { _ in stack.connect(handler, channels: channels, room: round == 2 ? 20 : .max) }
        stack.run()
        try newHub.publish("\(round)", to: "a")
        stack.run()
        if round < 2 { for reader in readers { reader.disconnect() } }
        stack.run()
      }
      newHub.setRepository(newRepository, for: "b")
      isLaneClosedFirst ? stack.lane.close() : newHub.close()
      stack.run()
    }
    #expect(hub == nil && repository == nil)
  }

  @Test(arguments: [false, true])
  func runsThatNobodyUsesAreReleasedEvenIfNoLaneRuns(hasEnded: Bool) throws {
    weak var hub: EventHub?
    do {
      let newHub = EventHub()
      hub = newHub
      let run = try RunCollection(newHub).start()
      try run.write("token")
      if hasEnded { try run.finish() }
    }
    #expect(hub == nil)
  }
}
