import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of a stream that leaves while something else is due.
@Suite struct LeavingTests {
  /// Never answers.
  private final class Silent: EventRepository {
    private let held = Mutex<[CheckedContinuation<Void, Never>]>([])
    func events(for request: ReplayRequest) async throws -> ReplayResult {
      await withCheckedContinuation { continuation in held.withLock { $0.append(continuation) } }
      return .contiguous([])
    }
    deinit { for continuation in held.withLock({ $0 }) { continuation.resume() } }
  }

  @Test func aStreamIsCountedAsEndedBeforeItLeavesItsPlace() throws {
    /// Reads the statistics when a stream has ended.
    final class Reading: EventLogger {
      let hub = Mutex<EventHub?>(nil)
      let statistics = Mutex<[HubStatistics]>([])
      func log(_ record: EventLogRecord) {
        guard "\(record.message)" == "a stream ended", let hub = hub.withLock({ $0 }) else { return }
        statistics.withLock { $0.append(hub.statistics) }
      }
    }
    let logger = Reading()
    let hub = EventHub(channels: ["a"], configuration: .test, logger: logger)
    logger.hub.withLock { $0 = hub }
    defer { logger.hub.withLock { $0 = nil } }
    let stack = SimulatedStack(hub: hub)
    _ = stack.connect(EventStreamHandler(hub), channels: ["a"])
    stack.run()
    hub.removeChannel("a")
    stack.run()
    let seen = logger.statistics.withLock { $0 }
    #expect(seen.map(\.readers) == [1])
    #expect(seen.map(\.streamsEnded) == [[.channelRemoved: 1]])
    #expect(hub.statistics.readers == 0)
  }

  @Test func aReplayThatIsUnderWayIsLeftToTheNextStream() throws {
    let executor = ManualTaskExecutor()
    let hub = EventHub(channels: ["b"], configuration: .test { $0.taskExecutor = executor })
    hub.setRepository(Silent(), for: "a")
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.maximumStreamDuration = .seconds(28) })
    // The reader accepts nothing, so its stream does not end before the history's deadline.
    let reader = stack.connect(
      handler, SimulatedRequest(lastEventID: "*a:n0,b:n0"), channels: ["a", "b"], room: 0)
    stack.run()
    executor.run()
    try hub.publish("b1", to: "b")
    var runs = 0
    while !reader.isFinished, runs < 1000 {
      runs += 1
      stack.advance(by: .milliseconds(100))
    }
    #expect(reader.isFinished && hub.statistics.readers == 0)
  }

  @Test func aRequestThatWaitsForAHistoryIsAnsweredIfItsReaderIsTooLateForAnotherChannel() throws {
    let executor = ManualTaskExecutor()
    let hub = EventHub(
      channels: ["b"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.channelDefaults.maximumLag = .seconds(2)
      })
    hub.setRepository(Silent(), for: "a")
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(
      hub,
      configuration: .with {
        $0.replaysToNewReaders = true
        $0.gapPolicy = .reject(status: 410)
      })
    try hub.publish("b0", to: "b")
    let reader = stack.connect(handler, channels: ["a", "b"])
    stack.run()
    executor.run()
    try hub.publish("b1", to: "b")
    stack.advance(by: .seconds(3))
    #expect(reader.isFinished && reader.response.head?.status == 503)
    #expect(hub.statistics.readers == 0)
  }

  @Test func aStreamWhoseConnectionIsToCloseEndsWithinTheWindowAndOthersGoOn() throws {
    let hub = EventHub(channels: ["a"], configuration: .test())
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub)
    let leaving = stack.connect(handler, channels: ["a"])
    let staying = stack.connect(handler, channels: ["a"])
    stack.run()
    leaving.session.drain(over: .seconds(2))
    try hub.publish("one", to: "a")
    stack.advance(by: .seconds(2))
    #expect(leaving.isFinished && !staying.isFinished)
    #expect(hub.statistics.streamsEnded == [.draining: 1])
    leaving.session.drain(over: .zero)
    stack.run()
    // A request that is not yet a stream is rejected.
    let request = stack.connect(handler, channels: ["a"])
    request.session.drain(over: .zero)
    stack.run()
    #expect(request.isFinished)
  }

  @Test func aLaneIsNotRunAgainAndAgainForWhatIsDue() throws {
    let hub = EventHub(
      channels: ["a"], configuration: .test { $0.channelDefaults.maximumLag = .milliseconds(10) })
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: .with { $0.coalescingWindow = .seconds(1) })
    let reader = stack.connect(handler, channels: ["a"], room: 10)
    stack.run()
    for number in 1...3 { try hub.publish("\(number)", to: "a") }
    var runs = 0
    while let next = stack.run(), next < .seconds(20) {
      stack.clock.advance(to: next)
      runs += 1
    }
    #expect(runs < 100 && !reader.isFinished)
  }
}
