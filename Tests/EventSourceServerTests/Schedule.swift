import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// One schedule: a hub with a few channels and lanes, perhaps a history, clients that come and go, and a ledger of what
/// each has to see.
// Sendable, because the jobs that know it are run by itself, on its one thread.
final class Schedule: @unchecked Sendable {
  /// Where the channels' events are kept.
  private enum History: CaseIterable {
    /// In the logs only.
    case none
    /// In a repository by which everything is published.
    case recording
    /// In a store of the application's, which stores an event first and publishes it later.
    case storedFirst
    /// In one which stores it after it was published, with the ID that the hub made.
    case storedLater
    /// The same with IDs of the application's own, and logs that hold all that is not yet stored.
    case storedLaterNamed
  }

  private(set) var failures: [String] = []
  /// How many steps it had.
  private(set) var steps = 0
  private let seed: UInt64
  private var random: SeededRandom
  private let history: History
  private let ledger = ScheduleLedger()
  private let repository: ScheduleRepository
  private let snapshots = ScheduleSnapshots()
  private let executor = ManualTaskExecutor()
  private var configuration = EventHub.Configuration()
  private let rules: [ChannelConfiguration]
  private let laneCount: Int
  private let names = ["a", "b", "c"]
  private var hubs: [EventHub] = []
  private var stacks: [SimulatedStack] = []
  private var handlers: [EventStreamHandler] = []
  private var clients: [ModelClient] = []
  /// What the application has stored and not yet published, or published and not yet stored.
  private var halfDone: [String: [(event: ServerSentEvent, key: String)]] = [:]
  private var isPublishing = true

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    let history = History.allCases.randomElement(using: &random)!
    self.history = history
    repository =
      history == .recording
      ? ScheduleRecorder(seed: seed, ledger: ledger) : ScheduleRepository(seed: seed, ledger: ledger)
    configuration.seed = seed
    configuration.taskExecutor = executor
    // Small limits, so that readers fall out of logs and the hub gives up the events of its oldest channel.
    configuration.retention = Retention(
      maximumBytes: Int.random(in: 1024...8192, using: &random),
      maximumEvents: [nil, 7, 40].randomElement(using: &random)!)
    configuration.memoryLimit = 64 << 10
    if history == .storedLaterNamed {
      configuration.retention = Retention()
      configuration.memoryLimit = 16 << 20
    }
    laneCount = Int.random(in: 1...3, using: &random)
    let policies = [ChannelConfiguration.SlowReaderPolicy.disconnect, .disconnect, .skipToNewest, .newestPerKey]
    var rules: [ChannelConfiguration] = []
    for _ in names {
      var rule = ChannelConfiguration()
      rule.slowReaders = policies.randomElement(using: &random)!
      rule.maximumBacklogBytes = [nil, 600, 2000].randomElement(using: &random)!
      rule.maximumLag = [nil, .seconds(2)].randomElement(using: &random)!
      rules.append(rule)
    }
    self.rules = rules
    start()
  }

  private var hub: EventHub { hubs[hubs.count - 1] }

  /// The program starts, or starts again.
  private func start() {
    configuration.idPrefix = "e\(seed)x\(hubs.count)"
    let hub = EventHub(configuration: configuration)
    hubs.append(hub)
    snapshots.newest = [:]
    for (name, rules) in zip(names, rules) {
      hub.openChannel(ChannelName(stringLiteral: name), configuration: rules)
      if history != .none { hub.setRepository(repository, for: ChannelName(stringLiteral: name)) }
    }
    // The stacks' clocks have different origins.
    stacks = (0..<laneCount).map { index in
      let clock = ManualClock()
      clock.advance(by: .seconds(index * 1_000_000))
      return SimulatedStack(hub: hub, clock: clock)
    }
    handlers = [
      EventStreamHandler(hub),
      EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .liveOnly }),
      EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .reject(status: 410) }),
      EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .snapshot(snapshots) }),
      EventStreamHandler(
        hub,
        configuration: .with {
          $0.stallTimeout = .seconds(3)
          $0.heartbeatInterval = .seconds(1)
          $0.maximumStreamDuration = .seconds(40)
          $0.reconnectionTime = .seconds(1)
        }),
      EventStreamHandler(
        hub,
        configuration: .with {
          $0.coalescingWindow = .milliseconds(50)
          $0.openingComment = nil
        }),
      EventStreamHandler(hub, configuration: .with { $0.maximumLastEventIDBytes = 70 }),
    ]
    if history == .none {
      handlers.append(EventStreamHandler(hub, configuration: .with { $0.replaysToNewReaders = true }))
    }
  }

  /// Runs the schedule, or its beginning.
  func run(steps most: Int = .max) {
    let count = Int.random(in: 20...120, using: &random)
    for _ in 0..<min(count, most) {
      steps += 1
      step()
    }
    isPublishing = false
    settle()
    end()
  }

  private func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<28: publish(burst: 1)
    case 28..<35: publish(burst: Int.random(in: 2...60, using: &random))
    case 35..<48: connect()
    case 48..<56: clients.filter(\.isConnected).randomElement(using: &random)?.disconnect()
    case 56..<63: clients.filter { !$0.isConnected }.randomElement(using: &random).map(reconnect)
    case 63..<77:
      clients.filter(\.isConnected).randomElement(using: &random)?.read(Int.random(in: 1...400, using: &random))
    case 77..<79: clients.filter(\.isConnected).randomElement(using: &random)?.cut()
    case 79..<81:
      for stack in stacks { stack.advance(by: .milliseconds(Int.random(in: 1...5000, using: &random))) }
    case 81: try? hub.publish(comment: "note", to: "a")
    case 82 where history == .none:
      let index = Int.random(in: 0..<names.count, using: &random)
      let name = ChannelName(stringLiteral: names[index])
      if Bool.random(using: &random) {
        hub.removeRepository(for: name, disconnectingReaders: true)
      } else {
        // Its past is gone, and its readers are told when they return.
        hub.removeChannel(name)
        hub.openChannel(name, configuration: rules[index])
      }
    case 83..<86: if history != .storedLater { restart() }
    case 86: if history != .none { repository.giveUpSome(of: names.randomElement(using: &random)!) }
    case 87..<90: resumeWhileOneIsPublished()
    case 90..<95: for _ in 0..<Int.random(in: 1...20, using: &random) { runJob() }
    default: stacks.randomElement(using: &random)!.run()
    }
    check()
  }

  /// A reader comes back to a channel of which an event is in the history and not yet in the log, or the other way
  /// round.
  private func resumeWhileOneIsPublished() {
    guard let client = clients.filter({ !$0.isConnected }).randomElement(using: &random) else { return }
    publish(to: client.channels.randomElement(using: &random)!)
    reconnect(client)
    for _ in 0..<Int.random(in: 1...30, using: &random) { runJob(finishing: false) }
  }

  private func runJob(finishing: Bool = true) {
    if executor.count > 0 { executor.runNext(at: Int.random(in: 0..<executor.count, using: &random)) }
    if finishing {
      for name in names where Int.random(in: 0..<16, using: &random) == 0 { finishHalfDone(name, count: 1) }
    }
    if Bool.random(using: &random) { stacks.randomElement(using: &random)!.run() }
  }

  private func restart() {
    isPublishing = false
    defer { isPublishing = true }
    finishEverything()
    hub.close()
    for stack in stacks { stack.lane.close() }
    check()
    start()
    for client in clients { client.server = randomServer() }
    // Some come back at once, when the logs are empty.
    for client in clients.shuffled(using: &random).prefix(2) { reconnect(client) }
  }

  private func randomServer() -> ModelClient.Server {
    ModelClient.Server(
      handler: handlers.randomElement(using: &random)!, stack: stacks.randomElement(using: &random)!)
  }

  private func publish(burst: Int) {
    let name = names.randomElement(using: &random)!
    for _ in 0..<burst { publish(to: name) }
  }

  private func publish(to name: String) {
    let token = ledger.makeToken()
    let key = ["x", "y", "z"].randomElement(using: &random)!
    let padding = String(repeating: "x", count: Int.random(in: 0...90, using: &random))
    var event = ServerSentEvent(data: "\(name) \(token) \(key) \(padding)")
    let isNamed = Bool.random(using: &random)
    if isNamed || history == .storedFirst || history == .storedLaterNamed {
      event.id = try! EventID("n\(seed)-\(token)")
    }
    if history == .storedLater { event.id = nil }
    switch history {
    case .none:
      ledger.add(token, key: key, to: name)
      publishAtOnce(event, key: key, to: name)
    case .recording:
      let publication = event
      Task(executorPreference: executor) { [self, hub] in
        if let id = try? await hub.publish(
          publication, to: ChannelName(name), coalescingKey: key, waitingUntil: .stored)
        {
          published(id, token, name, hub)
        }
      }
    case .storedFirst:
      ledger.add(token, key: key, to: name)
      repository.store(event, in: name)
      halfDone[name, default: []].append((event, key))
      if Int.random(in: 0..<4, using: &random) == 0 { finishHalfDone(name, count: .max) }
    case .storedLater, .storedLaterNamed:
      ledger.add(token, key: key, to: name)
      event.id = publishAtOnce(event, key: key, to: name)
      halfDone[name, default: []].append((event, key))
      if Int.random(in: 0..<4, using: &random) == 0 { finishHalfDone(name, count: .max) }
    }
  }

  @discardableResult
  private func publishAtOnce(_ event: ServerSentEvent, key: String, to name: String) -> EventID? {
    do {
      let id = try hub.publish(event, to: ChannelName(name), coalescingKey: key)
      published(id, Int(event.data.split(separator: " ")[1])!, name, hub)
      return id
    } catch {
      failures.append("publishing threw \(error)")
      return nil
    }
  }

  private func published(_ id: EventID, _ token: Int, _ name: String, _ hub: EventHub) {
    guard let place = ledger.place(of: token) else { return failures.append("published and not recorded") }
    ledger.published[name] = max(ledger.published[name] ?? 0, place + 1)
    if hub === self.hub, place >= snapshots.newest[name]?.place ?? 0 { snapshots.newest[name] = (id, place) }
  }

  private func finishHalfDone(_ name: String, count: Int) {
    let done = halfDone[name]?.prefix(count) ?? []
    halfDone[name]?.removeFirst(done.count)
    for (event, key) in done {
      if history == .storedFirst { publishAtOnce(event, key: key, to: name) } else { repository.store(event, in: name) }
    }
  }

  private func finishEverything() {
    for name in names { finishHalfDone(name, count: .max) }
    repeat {
      executor.run()
      for stack in stacks { stack.run() }
    } while executor.count > 0
  }

  private func connect() {
    let channels = Bool.random(using: &random) ? [names.randomElement(using: &random)!] : names.shuffled(using: &random)
    let conflating = zip(names, rules).filter { $0.1.slowReaders == .newestPerKey }.map(\.0)
    let client = ModelClient(channels: channels, conflating: Set(conflating), ledger: ledger, server: randomServer())
    clients.append(client)
    reconnect(client)
  }

  private func reconnect(_ client: ModelClient) {
    // An application that stores first publishes before a reader that has what was stored can be back.
    let isEarly = client.channels.contains { client.next[$0] ?? 0 > ledger.published[$0] ?? 0 }
    if history == .storedFirst, isEarly { return }
    let room = Bool.random(using: &random) ? Int.max : Int.random(in: 0...300, using: &random)
    let largestWrite = [Int.max, 1, 7, 64].randomElement(using: &random)!
    client.connect(room: room, largestWrite: largestWrite) { [unowned self] in
      // Other threads publish while a lane delivers.
      if isPublishing, Int.random(in: 0..<8, using: &random) == 0 {
        publish(to: names.randomElement(using: &random)!)
      }
    }
  }

  private func check() {
    for client in clients {
      client.takeIn()
      failures += client.failures
    }
  }

  /// Everything heals, everybody reads, and those who were cut off come back, until nothing moves.
  private func settle() {
    repository.isHealthy = true
    if history == .storedFirst { finishEverything() }
    for _ in 0..<4 {
      for client in clients {
        if client.isConnected { client.readOn() } else { client.connect(room: .max, largestWrite: .max) }
      }
      finishEverything()
      for name in names { publish(to: name) }
      finishEverything()
      // Those that waited for a recording to end look again.
      for stack in stacks { stack.advance(by: .milliseconds(100)) }
      finishEverything()
      check()
    }
    for client in clients {
      if !client.isConnected { failures.append("a reader with room for everything was cut off") }
      for name in client.channels where client.next[name] != ledger.count(name) {
        failures.append(
          "a reader of \(client.channels) expects \(name) \(client.next[name] ?? -1), there are \(ledger.count(name))")
      }
    }
  }

  /// Everybody leaves, in one way or the other; nothing is left.
  private func end() {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: for client in clients where client.isConnected { client.disconnect() }
    case 1: hub.close()
    default: for stack in stacks { stack.lane.close() }
    }
    // Long enough for a heartbeat, or the stall timeout, to find the connections that were cut.
    for stack in stacks { stack.advance(by: .seconds(60)) }
    finishEverything()
    check()
    for hub in hubs {
      for name in names { hub.removeChannel(ChannelName(stringLiteral: name)) }
      for stack in stacks { stack.run() }
      let statistics = hub.statistics
      if statistics.readers != 0 { failures.append("\(statistics.readers) readers are left") }
      if statistics.streamsOpened != statistics.streamsEnded.values.reduce(0, +) {
        failures.append("not every stream's end was counted")
      }
      // The heartbeat that all share, and the beginning that all streams of an endpoint share.
      if statistics.retainedBytes > 16 * (1 + handlers.count) {
        failures.append("\(statistics.retainedBytes) bytes are left")
      }
    }
  }
}

/// A generator of random numbers that can be repeated from its seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
