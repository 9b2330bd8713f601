import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of gaps that random schedules found: they were not reported, or reported with unknown facts.
@Suite struct UnsaidGapTests {
  private struct Snapshots: SnapshotProvider {
    func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent] {
      [ServerSentEvent(data: "state of \(channel)", type: "state")]
    }
  }

  @Test func aReaderIsToldIfTheEventThatItsWindowHeldBackIsGone() throws {
    let hub = EventHub(channels: ["a"], configuration: .test { $0.retention = Retention(maximumAge: .seconds(1)) })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.coalescingWindow = .seconds(60) })
    let reader = stack.connect(handler, channels: ["a"])
    stack.run()
    try hub.publish("1", to: "a")
    stack.advance(by: .seconds(70))
    #expect(reader.response.text.contains("data: 1") || reader.response.text.contains("eventsource-gap"))
    #expect(!reader.isFinished)
  }

  /// Publishes 1, 2 and 3, of which the log retains the last, and returns what a reader gets that has `last`. The
  /// application has stored only `stored` by then.
  private func resumed(after last: EventID, stored: [EventID], ids: [EventID?]) throws -> String {
    let executor = ManualTaskExecutor()
    let hub = EventHub(
      channels: ["a"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.retention = Retention(maximumEvents: 2)
      })
    let stack = SimulatedStack(hub: hub)
    let history = InMemoryEventRepository()
    _ = history.append(stored.map { ServerSentEvent(data: "stored", id: $0) }, to: "a")
    hub.setRepository(ReadOnlyRepository(filled: history), for: "a")
    for (number, id) in ids.enumerated() {
      try hub.publish(ServerSentEvent(data: "\(number + 1)", id: id), to: "a")
    }
    // Comments are not events.
    try hub.publish(comment: "", to: "a")
    let reader = stack.connect(EventStreamHandler(hub), SimulatedRequest(lastEventID: last.rawValue), channels: ["a"])
    settle(stack, executor)
    return reader.response.text
  }

  @Test func aReaderIsToldIfTheHistoryDoesNotHaveYetWhatTheLogHasEvicted() throws {
    for ids: [EventID?] in [["e1", "e2", "e3"], [nil, nil, nil], [nil, "e2", nil]] {
      // Its last event is from an earlier process.
      let text = try resumed(after: "old", stored: ["old"], ids: ids)
      #expect(text.contains("event: eventsource-gap") && text.contains("data: 3"), "\(ids)")
    }
    let behind = try resumed(after: "e1", stored: ["old", "e1"], ids: ["e1", "e2", "e3"])
    #expect(behind.contains("event: eventsource-gap") && behind.contains("data: 3"))
    for (last, stored) in [("e2", ["e1", "e2"]), ("e1", ["e1", "e2"]), ("old", ["old", "e1", "e2", "e3"])] {
      let text = try resumed(
        after: try EventID(last), stored: try stored.map { try EventID($0) }, ids: ["e1", "e2", "e3"])
      #expect(!text.contains("eventsource-gap") && text.contains("\nid: e3\n"), "\(last) of \(stored)")
    }
  }

  @Test func aBusyChannelGivesWayToTheNewestEventsOfOthers() throws {
    let hub = EventHub(channels: ["a", "b", "c"], configuration: .test { $0.memoryLimit = 64 << 10 })
    let stack = SimulatedStack(hub: hub)
    let readers = ["a", "b", "c"].map { stack.connect(EventStreamHandler(hub), channels: [$0]) }
    stack.run()
    // Each has had much data that was offered, and then has a little that was not.
    for name in ["a", "b", "c"] as [ChannelName] {
      for _ in 0..<400 {
        try hub.publish(String(repeating: "x", count: 100), to: name)
        stack.run()
      }
    }
    for _ in 0..<20 {
      for name in ["a", "b", "c"] as [ChannelName] { try hub.publish("small", to: name) }
      stack.run()
    }
    #expect(readers.allSatisfy { !$0.isFinished }, "ended as \(hub.statistics.streamsEnded)")
    #expect(hub.statistics.evictedUnoffered == 0)
  }

  @Test func ofAnIDThatIsTooLongTheGapSaysNothing() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    let stack = SimulatedStack(hub: hub)
    for number in 1...3 { try hub.publish("\(number)", to: "a") }
    let handler = EventStreamHandler(hub, configuration: .with { $0.maximumLastEventIDBytes = 8 })
    let reader = stack.connect(handler, SimulatedRequest(lastEventID: "longer than that"), channels: ["a"])
    stack.run()
    #expect(reader.response.text.contains(#"{"channel":"a","lastEventID":null,"earliestAvailable":null}"#))
    #expect(reader.response.text.contains("data: 1\n"))
  }

  @Test func aReaderThatLeavesBeforeItHasAChannelsStateIsToldWhenItReturns() throws {
    let executor = ManualTaskExecutor()
    let hub = EventHub(channels: ["a", "b"], configuration: .test { $0.taskExecutor = executor })
    let stack = SimulatedStack(hub: hub)
    try hub.publish("old", to: "b")
    let handler = EventStreamHandler(hub, configuration: .with { $0.snapshotForNewReaders = Snapshots() })
    let request = SimulatedRequest(target: "/?channel=b")
    let reader = stack.connect(handler, request, channels: ["a"])
    stack.run()
    // The state of the first channel has arrived, that of the second has not.
    executor.runNext()
    stack.run()
    try hub.publish("new", to: "a")
    stack.run()
    var parser = EventStreamParser()
    try parser.parse(reader.response.body) { _ in }
    reader.disconnect()
    let back = stack.connect(
      handler, SimulatedRequest(target: "/?channel=b", lastEventID: parser.lastEventID), channels: ["a"])
    stack.run()
    #expect(!parser.lastEventID.isEmpty)
    #expect(back.response.text.contains(#""channel":"b""#))
  }

  @Test func aRecordingMayBeGivenAnyTime() async throws {
    let hub = EventHub(configuration: .test { $0.recordingTimeout = .seconds(Int64.max) })
    hub.setRepository(InMemoryEventRepository(), for: "a")
    for number in 1...20 { _ = try await hub.publish("\(number)", to: "a", waitingUntil: .stored) }
    #expect(hub.statistics.eventsPublished == 20)
  }

  @Test func aReaderThatHasNothingOfAChannelIsToldIfTheHistoryHasEvictedSomething() throws {
    for (limit, isMissing) in [(10, false), (2, true)] {
      let executor = ManualTaskExecutor()
      let history = InMemoryEventRepository(maximumEvents: limit)
      let hub = EventHub(channels: ["b"], configuration: .test { $0.taskExecutor = executor })
      hub.setRepository(history, for: "a")
      let stack = SimulatedStack(hub: hub)
      // The events published while the reader was away are only in the history.
      _ = history.append((1...3).map { ServerSentEvent(data: "\($0)") }, to: "a")
      let reader = stack.connect(
        EventStreamHandler(hub), SimulatedRequest(lastEventID: "*a:,b:"), channels: ["a", "b"])
      for _ in 0..<10 {
        stack.run()
        executor.run()
      }
      #expect(reader.response.text.contains("eventsource-gap") == isMissing)
      #expect(reader.response.text.contains("data: 3\n"))
    }
  }

  @Test func aHistoryThatDoesNotSayWhatItHasEvictedIsNotBelievedToHaveEverything() throws {
    for status in [nil, 410] {
      let executor = ManualTaskExecutor()
      let hub = EventHub(channels: ["b"], configuration: .test { $0.taskExecutor = executor })
      hub.setRepository(SilentHistory(), for: "a")
      let stack = SimulatedStack(hub: hub)
      let handler = EventStreamHandler(
        hub, configuration: .with { if let status { $0.gapPolicy = .reject(status: status) } })
      let reader = stack.connect(handler, SimulatedRequest(lastEventID: "*a:,b:"), channels: ["a", "b"])
      for _ in 0..<10 {
        stack.run()
        executor.run()
      }
      #expect(reader.response.head?.status == status ?? 200)
      #expect(reader.response.text.contains(#"{"channel":"a","lastEventID":"#) == (status == nil))
    }
  }

  /// It has one event and may have had others.
  private struct SilentHistory: EventRepository {
    func events(for request: ReplayRequest) async throws -> ReplayResult {
      request.lastEventID == nil ? .contiguous([ServerSentEvent(data: "7", id: "7")]) : .contiguous([])
    }
  }
}
