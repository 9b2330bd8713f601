import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import EventSourceZlib
import Synchronization

/// One schedule of a deployment: a shared store, one to four hubs, and readers that move between them. Messages are
/// lost, repeated and reordered, and nodes are cut off. The store fails over, trims and becomes silent.
// Sendable, because the schedule itself runs the jobs that use it, on its one thread.
final class SharedSchedule: @unchecked Sendable {
  private(set) var failures: [String] = []
  private(set) var steps = 0
  private let seed: UInt64
  private var random: SeededRandom
  private let ledger = SharedLedger()
  private let store: SimulatedSharedStore
  private let executor = ManualTaskExecutor()
  private let names = ["a", "b", "c"]
  private let rules: [ChannelConfiguration]
  private var configuration = EventHub.Configuration()
  private var hubs: [EventHub] = []
  private var nodes: [SimulatedSharedNode] = []
  /// One or two stacks for each hub.
  private var stacks: [[SimulatedStack]] = []
  private var handlers: [[EventStreamHandler]] = []
  private var clients: [SharedModelReader] = []
  /// Whether the store loses and trims nothing, and readers are not moved, so that no reader may get a gap event.
  private let isLossless: Bool
  /// Whether replies to additions are lost and the additions are repeated. Not combined with failovers: an event that
  /// was delivered, lost and then added again arrives twice, after a gap.
  private let losesAnswers: Bool

  /// Small, so that it fits into the hubs' memory.
  private static let compressor = try! ZlibCompressor(level: 1, windowBits: 9, memoryLevel: 1)
  /// Whether a reader has received a compressed stream.
  var wasCompressed: Bool { clients.contains { $0.hasDecoded } }

  init(seed: UInt64, flaw: SimulatedSharedStore.Flaw? = nil) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    // A missing fence is only visible if the store fails over.
    isLossless = Bool.random(using: &random) && flaw != .noFence
    losesAnswers = isLossless || (Bool.random(using: &random) && flaw != .noFence)
    store = SimulatedSharedStore(seed: seed, flaw: flaw) { [ledger] event, channel in
      let parts = event.data.split(separator: " ")
      ledger.add(Int(parts[1])!, key: String(parts[2]), to: channel.rawValue)
    }
    configuration.taskExecutor = executor
    configuration.channelCreation = Bool.random(using: &random) ? .onDemand : .explicit
    configuration.followLinger = [.zero, .seconds(1), .seconds(30)].randomElement(using: &random)!
    configuration.staleLimit = [nil, .seconds(2)].randomElement(using: &random)!
    configuration.retention = Retention(
      maximumBytes: Int.random(in: 1024...8192, using: &random),
      maximumEvents: [nil, 7, 40].randomElement(using: &random)!)
    configuration.memoryLimit = 64 << 10
    let policies: [ChannelConfiguration.SlowReaderPolicy] =
      isLossless ? [.disconnect] : [.disconnect, .disconnect, .skipToNewest, .newestPerKey]
    var rules: [ChannelConfiguration] = []
    for _ in names {
      var rule = ChannelConfiguration()
      rule.slowReaders = policies.randomElement(using: &random)!
      rule.maximumBacklogBytes = [nil, 2000].randomElement(using: &random)!
      rules.append(rule)
    }
    self.rules = rules
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      hubs.append(EventHub())
      nodes.append(store.makeNode())
      stacks.append([])
      handlers.append([])
      start(hubs.count - 1)
    }
  }

  private func start(_ index: Int) {
    configuration.seed = seed &+ UInt64(index)
    configuration.repositoryProvider = { [node = nodes[index]] _ in node }
    let hub = EventHub(configuration: configuration)
    hubs[index] = hub
    for (name, rules) in zip(names, rules) { hub.openChannel(ChannelName(stringLiteral: name), configuration: rules) }
    stacks[index] = (0..<Int.random(in: 1...2, using: &random)).map { number in
      let clock = ManualClock()
      clock.advance(by: .seconds(number * 1_000_000))
      return SimulatedStack(hub: hub, clock: clock)
    }
    // Not drawn, so that compression changes nothing else of a schedule.
    let compression = seed / 8 % 2 == 1 ? EventStreamCompression(Self.compressor) : nil
    handlers[index] = [
      EventStreamHandler(hub, configuration: .with { $0.compression = compression }),
      EventStreamHandler(
        hub,
        configuration: .with {
          $0.compression = compression
          $0.stallTimeout = .seconds(3)
          $0.heartbeatInterval = .seconds(1)
          $0.reconnectionTime = .seconds(1)
        }),
    ]
    if !isLossless {
      handlers[index].append(EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .liveOnly }))
      handlers[index].append(EventStreamHandler(hub, configuration: .with { $0.gapPolicy = .reject(status: 410) }))
    }
  }

  func run(steps most: Int = .max) {
    let count = Int.random(in: 20...140, using: &random)
    for _ in 0..<min(count, most) {
      steps += 1
      step()
    }
    settle()
    end()
  }

  private func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<22: publish(burst: 1)
    case 22..<26: publish(burst: Int.random(in: 2...40, using: &random))
    case 26..<36: connect()
    case 36..<42: clients.filter(\.isConnected).randomElement(using: &random)?.disconnect()
    case 42..<52: clients.filter { !$0.isConnected }.randomElement(using: &random).map(reconnect)
    case 52..<58:
      clients.filter(\.isConnected).randomElement(using: &random)?.read(Int.random(in: 1...400, using: &random))
    case 58..<60: clients.filter(\.isConnected).randomElement(using: &random)?.cut()
    case 60..<64:
      let time = Duration.milliseconds(Int.random(in: 1...3000, using: &random))
      for stack in stacks.joined() { stack.advance(by: time) }
    case 64..<78: deliverSome()
    case 78: nodes.randomElement(using: &random)!.setCutOff(Bool.random(using: &random))
    case 79: nodes.randomElement(using: &random)!.setSilent(Bool.random(using: &random))
    case 80 where losesAnswers: store.loseAnswers(Int.random(in: 1...3, using: &random))
    case 81: store.restart()
    case 80 where !losesAnswers, 82 where !losesAnswers:
      store.failOver(losing: Int.random(in: 0...5, using: &random))
      // A lost event is most visible if its position is used again at once.
      publish(burst: Int.random(in: 1...5, using: &random))
    case 83 where !isLossless:
      let name = ChannelName(stringLiteral: names.randomElement(using: &random)!)
      store.trim(name, to: Int.random(in: 0...8, using: &random))
    case 84: store.lookAtTails()
    case 85: restartHub()
    case 86: try? hubs.randomElement(using: &random)!.publish(comment: "note", to: "a")
    case 87..<96:
      for _ in 0..<Int.random(in: 1...20, using: &random) { runJob() }
    default: stacks.randomElement(using: &random)!.randomElement(using: &random)!.run()
    }
    check()
  }

  private func deliverSome() {
    for _ in 0..<Int.random(in: 1...6, using: &random) where store.messageCount > 0 {
      let index = Int.random(in: 0..<store.messageCount, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: store.drop(at: index)
      case 1: store.deliver(at: index, keepingIt: true)
      case 2..<5: store.deliver(at: index)
      default: store.deliver()
      }
    }
  }

  private func runJob() {
    if executor.count > 0 { executor.runNext(at: Int.random(in: 0..<executor.count, using: &random)) }
    if Bool.random(using: &random) { stacks.randomElement(using: &random)!.randomElement(using: &random)!.run() }
  }

  private func restartHub() {
    let index = Int.random(in: 0..<hubs.count, using: &random)
    hubs[index].close()
    for stack in stacks[index] { stack.lane.close() }
    check()
    start(index)
    for client in clients where !client.isConnected { client.server = randomServer() }
  }

  private func randomServer() -> SharedModelReader.Server {
    let index = Int.random(in: 0..<hubs.count, using: &random)
    return SharedModelReader.Server(
      handler: handlers[index].randomElement(using: &random)!, stack: stacks[index].randomElement(using: &random)!)
  }

  private func publish(burst: Int) {
    let name = names.randomElement(using: &random)!
    let hub = hubs.randomElement(using: &random)!
    for _ in 0..<burst { publish(to: name, by: hub) }
  }

  private func publish(to name: String, by hub: EventHub) {
    let token = ledger.makeToken()
    let key = ["x", "y", "z"].randomElement(using: &random)!
    let padding = String(repeating: "x", count: Int.random(in: 0...90, using: &random))
    var event = ServerSentEvent(data: "\(name) \(token) \(key) \(padding)")
    if Int.random(in: 0..<4, using: &random) == 0 { event.id = try! EventID("n\(seed)-\(token)") }
    Task(executorPreference: executor) { [event, ledger] in
      do {
        try await hub.publish(event, to: ChannelName(name), coalescingKey: key, waitingUntil: .stored)
      } catch {
        // The publication was refused, or its outcome is unknown.
        return
      }
      guard let place = ledger.place(of: token) else { return }
      ledger.published[name] = max(ledger.published[name] ?? 0, place + 1)
    }
  }

  private func connect() {
    let channels = Bool.random(using: &random) ? [names.randomElement(using: &random)!] : names.shuffled(using: &random)
    let conflating = zip(names, rules).filter { $0.1.slowReaders == .newestPerKey }.map(\.0)
    // A channel that was forgotten and created again has the hub's default configuration, which the reader does not
    // know.
    let client = SharedModelReader(
      channels: channels, conflating: Set(conflating), ledger: ledger, server: randomServer())
    client.mayBeginEarlier = true
    clients.append(client)
    reconnect(client)
  }

  private func reconnect(_ client: SharedModelReader) {
    client.server = randomServer()
    let room = Bool.random(using: &random) ? Int.max : Int.random(in: 0...300, using: &random)
    let largestWrite = [Int.max, 1, 7, 64].randomElement(using: &random)!
    client.connect(room: room, largestWrite: largestWrite)
  }

  private func check() {
    for client in clients {
      client.takeIn()
      failures += client.failures
      if isLossless, client.gapsTold > 0, failures.isEmpty {
        failures.append("a reader was told of a gap, for nothing")
      }
    }
  }

  private func runEverything() {
    repeat {
      executor.run()
      for stack in stacks.joined() { stack.run() }
    } while executor.count > 0
  }

  /// Makes everything work, makes every reader read and reconnect, and continues until nothing changes.
  private func settle() {
    store.loseAnswers(0)
    for node in nodes {
      node.setSilent(false)
      node.setCutOff(false)
    }
    for round in 0..<6 {
      for client in clients {
        if client.isConnected {
          client.readOn()
        } else {
          client.server = randomServer()
          client.connect(room: .max, largestWrite: .max)
        }
      }
      runEverything()
      if round < 3 {
        for name in names { publish(to: name, by: hubs.randomElement(using: &random)!) }
        // The last message of each channel is lost.
        while round < 2, store.messageCount > 0 { store.deliver() }
      }
      runEverything()
      for _ in 0..<4 {
        store.lookAtTails()
        for stack in stacks.joined() { stack.advance(by: .seconds(6)) }
        runEverything()
      }
      while store.messageCount > 0 { store.drop(at: 0) }
      check()
    }
    for client in clients {
      if !client.isConnected { failures.append("a reader with room for everything was cut off") }
      for name in client.channels where client.next[name] != ledger.count(name) && !client.hasYetToBegin(name) {
        failures.append(
          "a reader of \(client.channels) expects \(name) \(client.next[name] ?? -1), there are \(ledger.count(name))")
      }
    }
  }

  private func end() {
    for client in clients where client.isConnected { client.disconnect() }
    for stack in stacks.joined() { stack.advance(by: .seconds(100)) }
    runEverything()
    check()
    for (index, hub) in hubs.enumerated() {
      if nodes[index].followedCount != 0 { failures.append("a channel is followed without readers") }
      for name in names { hub.removeChannel(ChannelName(stringLiteral: name)) }
      for stack in stacks[index] { stack.run() }
      let statistics = hub.statistics
      if statistics.readers != 0 { failures.append("\(statistics.readers) readers are left") }
      if statistics.retainedBytes > 16 * (1 + handlers[index].count) {
        failures.append("\(statistics.retainedBytes) bytes are left")
      }
      if statistics.waitingPublications != 0 { failures.append("publications wait") }
    }
  }
}
