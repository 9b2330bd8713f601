import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of the changes that observers of occupancy receive.
@Suite struct OccupancyTests {
  /// Records the changes as text.
  final class Recorder: OccupancyObserver {
    private let told = Mutex<[String]>([])

    var changes: [String] { told.withLock { $0 } }

    /// Returns the changes since the last call.
    func take() -> [String] {
      told.withLock { told in
        defer { told = [] }
        return told
      }
    }

    func occupancyChanged(_ change: OccupancyChange) async {
      let text =
        switch change {
        case .occupied(let name): "\(name) occupied"
        case .readerJoined(let reader, let name, let readers): "\(name) +\(reader.identity ?? "?") \(readers)"
        case .readerLeft(let reader, let name, let reason, let readers):
          "\(name) -\(reader.identity ?? "?") \(reason) \(readers)"
        case .vacated(let name): "\(name) vacated"
        case .resynchronized(let names): "resynchronized \(names.map(\.rawValue).sorted())"
        }
      told.withLock { $0.append(text) }
    }
  }

  private struct Authorizer: ChannelAuthorizer {
    func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization
    {
      .granted(ChannelGrant(identity: request.fields.values(of: "Who").first))
    }
  }

  private let executor = ManualTaskExecutor()
  private let recorder = Recorder()

  private func hub(
    linger: Duration = .zero, _ change: (inout EventHub.Configuration) -> Void = { _ in }
  ) -> (EventHub, SimulatedStack) {
    let hub = EventHub(
      channels: ["a", "b"],
      configuration: .test {
        $0.taskExecutor = executor
        $0.occupancyObservers = [recorder]
        $0.occupancyLinger = linger
        change(&$0)
      })
    return (hub, SimulatedStack(hub: hub))
  }

  private func connect(
    _ stack: SimulatedStack, _ hub: EventHub, _ who: String, _ channels: [String] = ["a"],
    _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in }
  ) -> SimulatedStack.Connection {
    let handler = EventStreamHandler(hub, configuration: .with(change), authorizer: Authorizer())
    let request = SimulatedRequest(fields: [HeaderField("Who", who)])
    let reader = stack.connect(handler, request, channels: channels)
    settle(stack, executor)
    return reader
  }

  @Test func firstReadersAndLastOnesAreToldWithAllBetween() throws {
    let (hub, stack) = hub()
    let anna = connect(stack, hub, "anna")
    let bert = connect(stack, hub, "bert", ["a", "b"])
    anna.disconnect()
    settle(stack, executor)
    #expect(
      recorder.take() == [
        "a occupied", "a +anna 1", "a +bert 2", "b occupied", "b +bert 1", "a -anna peerDisconnected 1",
      ])
    hub.revokeStreams(of: "bert")
    settle(stack, executor)
    #expect(
      recorder.take() == ["a -bert revoked 0", "b -bert revoked 0", "a vacated", "b vacated"])
    #expect(bert.isFinished)
  }

  @Test func whatIsNoStreamIsNoReader() throws {
    let (hub, stack) = hub { $0.maximumReadersPerChannel = 1 }
    _ = stack.connect(EventStreamHandler(hub), SimulatedRequest(method: "HEAD"), channels: ["a"])
    _ = stack.connect(EventStreamHandler(hub), channels: ["a", "nowhere"])
    let handler = EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .reject(status: 410) })
    _ = stack.connect(handler, SimulatedRequest(lastEventID: "x"), channels: ["a"])
    settle(stack, executor)
    #expect(recorder.changes == [])
  }

  @Test func aReaderThatReturnsWithinTheLingerChangesNothing() throws {
    let (hub, stack) = hub(linger: .seconds(10))
    let first = connect(stack, hub, "anna")
    first.disconnect()
    stack.advance(by: .seconds(9))
    let second = connect(stack, hub, "anna")
    stack.advance(by: .seconds(60))
    executor.run()
    #expect(recorder.take() == ["a occupied", "a +anna 1", "a -anna peerDisconnected 0", "a +anna 1"])
    second.disconnect()
    // No reader is left, but the lane still returns the time of its next run.
    #expect(stack.run() == stack.clock.now + .seconds(10))
    stack.advance(by: .milliseconds(9999))
    executor.run()
    #expect(recorder.take() == ["a -anna peerDisconnected 0"])
    stack.advance(by: .milliseconds(1))
    executor.run()
    #expect(recorder.take() == ["a vacated"] && stack.run() == nil)
  }

  @Test func aLaneThatIsClosedLeavesTheTimeToAnother() throws {
    let (hub, stack) = hub(linger: .seconds(10))
    let other = SimulatedStack(hub: hub)
    other.run()
    _ = connect(stack, hub, "anna")
    let wakeUps = other.wakeUpCount
    stack.lane.close()
    #expect(other.wakeUpCount == wakeUps + 1 && other.run() == .seconds(10))
    executor.run()
    #expect(recorder.take() == ["a occupied", "a +anna 1", "a -anna laneClosed 0"])
    // Without a lane, time does not advance.
    other.lane.close()
    executor.run()
    #expect(recorder.take() == ["a vacated"])
  }

  @Test func aChannelThatIsRemovedAndOpenedAgainIsTheSameOne() throws {
    let (hub, stack) = hub()
    let old = connect(stack, hub, "anna")
    old.response.room = 0
    try hub.publish("1", to: "a")
    stack.run()
    hub.removeChannel("a")
    hub.openChannel("a")
    // The old reader has not received everything yet when the new one arrives.
    let new = connect(stack, hub, "bert")
    old.read()
    settle(stack, executor)
    #expect(old.isFinished)
    #expect(recorder.take() == ["a occupied", "a +anna 1", "a +bert 2", "a -anna channelRemoved 1"])
    hub.removeChannel("a")
    settle(stack, executor)
    #expect(recorder.take() == ["a -bert channelRemoved 0", "a vacated"] && new.isFinished)
  }

  @Test func aChannelThatEndsAloneIsLeftAlone() throws {
    let (hub, stack) = hub()
    let reader = connect(stack, hub, "anna", ["a", "b"]) { $0.channelRemoval = .endsChannel }
    hub.removeChannel("a")
    settle(stack, executor)
    #expect(
      recorder.take() == [
        "a occupied", "a +anna 1", "b occupied", "b +anna 1", "a -anna channelRemoved 0", "a vacated",
      ])
    reader.disconnect()
    settle(stack, executor)
    #expect(recorder.take() == ["b -anna peerDisconnected 0", "b vacated"])
  }

  @Test func anObserverThatIsSlowDelaysNobodyAndIsToldHowThingsAre() throws {
    let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
    let slow = Recorder()
    let isFirst = Mutex(true)
    let (hub, stack) = hub {
      $0.occupancyObservers.append(
        ClosureObserver { change in
          let waits = isFirst.withLock { isFirst in
            defer { isFirst = false }
            return isFirst
          }
          if waits { await withCheckedContinuation { continuation in gate.withLock { $0 = continuation } } }
          await slow.occupancyChanged(change)
        })
    }
    _ = connect(stack, hub, "anna", ["b"])
    for _ in 0..<4000 {
      let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
      stack.run()
      reader.disconnect()
      executor.run()
    }
    let last = stack.connect(EventStreamHandler(hub), channels: ["a"])
    settle(stack, executor)
    #expect(recorder.changes.count == 2 + 4 * 4000 + 2 && last.response.head?.status == 200)
    gate.withLock { $0 }?.resume()
    settle(stack, executor)
    let told = slow.take()
    #expect(told.count == 10_002 && told.last == "resynchronized [\"a\", \"b\"]")
    last.disconnect()
    settle(stack, executor)
    #expect(slow.take() == ["a -? peerDisconnected 0", "a vacated"])
  }

  @Test func whatLingersIsBounded() throws {
    let (hub, stack) = hub(linger: .seconds(1000)) {
      $0.channelCreation = .onDemand
      $0.maximumChannels = 50
    }
    for number in 0..<200 {
      let reader = stack.connect(EventStreamHandler(hub), channels: ["c\(number)"])
      stack.run()
      reader.disconnect()
      stack.run()
    }
    for _ in 0..<1000 {
      let reader = stack.connect(EventStreamHandler(hub), channels: ["a"])
      stack.run()
      reader.disconnect()
    }
    executor.run()
    let vacated = recorder.changes.filter { $0.hasSuffix("vacated") }
    #expect(vacated == (0...150).map { "c\($0) vacated" })
  }

  /// Lanes, publishers and removals run on their own threads. Whatever races, each channel is occupied and vacated in
  /// alternation, with its readers' changes in between, and at the end no reader is left.
  @Test(.timeLimit(.minutes(3))) func whateverRacesHasOneOutcome() async throws {
    let ledger = CheckingObserver()
    let hub = EventHub(
      configuration: .test {
        $0.channelCreation = .onDemand
        $0.occupancyObservers = [ledger]
        $0.occupancyLinger = .milliseconds(20)
      })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in 0..<2000 {
          hub.removeChannel(ChannelName(stringLiteral: "c\(number % 4)"))
          _ = try? hub.publish("\(number)", to: ChannelName(stringLiteral: "c\(number % 3)"))
          if number % 8 == 0 { await Task.yield() }
        }
      }
      for lane in 0..<2 {
        group.addTask {
          let stack = SimulatedStack(hub: hub)
          let handler = EventStreamHandler(hub, configuration: .with { $0.channelRemoval = .endsChannel })
          var readers: [SimulatedStack.Connection] = []
          for number in 0..<1500 {
            let channels = Set([number % 4, (number + lane) % 3]).map { "c\($0)" }
            readers.append(stack.connect(handler, channels: channels, room: number % 5 == 0 ? 40 : .max))
            stack.run()
            stack.advance(by: .milliseconds(number % 50 == 0 ? 30 : 1))
            if readers.count > 8 || number % 100 < 10 {
              while let reader = readers.popLast() { if !reader.isFinished { reader.disconnect() } }
            }
          }
          stack.lane.close()
        }
      }
      try await group.waitForAll()
    }
    while !ledger.isDone { await Task.yield() }
    #expect(ledger.flaws == [])
    #expect(hub.statistics.readers == 0)
  }
}

/// Checks the changes that it receives.
private final class CheckingObserver: OccupancyObserver {
  private struct State {
    var readers: [ChannelName: Set<UInt64>] = [:]
    var flaws: [String] = []
    var changes = 0
  }

  private let state = Mutex(State())

  var flaws: [String] { state.withLock { $0.flaws } }
  /// Whether no channel is occupied.
  var isDone: Bool { state.withLock { $0.changes > 0 && $0.readers.isEmpty } }

  func occupancyChanged(_ change: OccupancyChange) async {
    state.withLock { state in
      state.changes += 1
      var isSound = true
      switch change {
      case .occupied(let name):
        isSound = state.readers[name] == nil
        state.readers[name] = []
      case .readerJoined(let reader, let name, let count):
        isSound = state.readers[name]?.insert(reader.stream).inserted == true && state.readers[name]?.count == count
      case .readerLeft(let reader, let name, _, let count):
        isSound = state.readers[name]?.remove(reader.stream) != nil && state.readers[name]?.count == count
      case .vacated(let name):
        isSound = state.readers.removeValue(forKey: name)?.isEmpty == true
      case .resynchronized(let names):
        for name in state.readers.keys where !names.contains(name) { state.readers[name] = nil }
      }
      if !isSound { state.flaws.append("\(change)") }
    }
  }
}
