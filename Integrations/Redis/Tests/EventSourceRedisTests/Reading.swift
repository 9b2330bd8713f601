import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import EventSourceTesting
import Synchronization

/// A process of a deployment: a hub over Redis, and a thread that runs its lane.
final class TestNode: Sendable {
  let repository: RedisEventRepository
  let hub: EventHub
  private let handler: EventStreamHandler
  private let stack: TestStack

  init(_ repository: RedisEventRepository, _ change: (inout EventHub.Configuration) -> Void = { _ in }) {
    self.repository = repository
    var configuration = EventHub.Configuration()
    configuration.channelCreation = .onDemand
    configuration.followLinger = .milliseconds(100)
    configuration.recordingTimeout = .seconds(60)
    configuration.repositoryProvider = { _ in repository }
    change(&configuration)
    hub = EventHub(configuration: configuration)
    handler = EventStreamHandler(hub)
    stack = TestStack(hub)
  }

  /// Opens a stream, and returns when its head has arrived.
  func connect(_ channel: String, lastEventID: String? = nil) async throws -> TestReader {
    let reader = TestReader()
    stack.connect(reader) { [handler] stack in
      stack.connect(handler, SimulatedRequest(lastEventID: lastEventID), channels: [channel])
    }
    try await eventually { reader.hasHead }
    return reader
  }

  func publish(_ data: String, to channel: ChannelName = "news") async throws -> EventID {
    try await hub.publish(data, to: channel, waitingUntil: .stored)
  }

  func end() {
    hub.close()
    stack.end()
    repository.close()
  }
}

/// The events that a reader received. Can be used from any thread.
final class TestReader: Sendable {
  private struct State {
    var body: [UInt8] = []
    var hasHead = false
    var hasEnded = false
  }

  private let state = Mutex(State())

  var hasHead: Bool { state.withLock { $0.hasHead } }
  var hasEnded: Bool { state.withLock { $0.hasEnded } }
  func add(_ bytes: [UInt8], hasHead: Bool, hasEnded: Bool) {
    state.withLock { state in
      state.body += bytes
      state.hasHead = hasHead
      state.hasEnded = hasEnded
    }
  }

  /// The events, without reports of gaps.
  var events: [ReceivedEvent] { all.filter { $0.type != "eventsource-gap" } }
  var gaps: Int { all.count - events.count }
  var data: [String] { events.map(\.data) }
  /// The ID with which a client returns, also after a report of a gap.
  var lastEventID: String? { all.last?.lastEventID }

  private var all: [ReceivedEvent] {
    var parser = EventStreamParser()
    var found: [ReceivedEvent] = []
    try? parser.parse(state.withLock { $0.body }) { if case .event(let event) = $0 { found.append(event) } }
    return found
  }
}
