import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// One schedule: a hub with a few channels and lanes, clients that come and go, and a model of what each has to have
/// seen.
final class Schedule {
  private(set) var failures: [String] = []
  private let seed: UInt64
  private var random: SeededRandom
  private let hub: EventHub
  private let stacks: [SimulatedStack]
  private let handlers: [EventStreamHandler]
  private let names = ["a", "b", "c"]
  /// The number of events published to each channel; their data is the channel's name and their number.
  private var published = ["a": 0, "b": 0, "c": 0]
  private var clients: [ModelClient] = []
  private var isPublishing = true

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    var configuration = EventHub.Configuration()
    configuration.seed = seed
    configuration.epoch = "e\(seed)"
    // Small limits, so that readers fall out of logs and the hub gives up the events of its oldest channel.
    configuration.log = LogLimits(
      bytes: Int.random(in: 1024...8192, using: &random), events: [nil, 7, 40].randomElement(using: &random)!)
    configuration.maximumBytes = 64 << 10
    let hub = EventHub(channels: ["a", "b", "c"], configuration: configuration)
    self.hub = hub
    let clock = ManualClock()
    stacks = (0..<Int.random(in: 1...3, using: &random)).map { _ in SimulatedStack(hub: hub, clock: clock) }
    handlers = [
      EventStreamHandler(hub),
      EventStreamHandler(hub, configuration: .with { $0.afterGap = .liveOnly }),
      EventStreamHandler(
        hub,
        configuration: .with {
          $0.stallTimeout = .seconds(3)
          $0.heartbeatInterval = .seconds(1)
          $0.maximumConnectionTime = .seconds(40)
          $0.reconnectionTime = .seconds(1)
        }),
    ]
  }

  func run() {
    for _ in 0..<Int.random(in: 20...120, using: &random) { step() }
    isPublishing = false
    settle()
    end()
  }

  private func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<35: publish(burst: 1)
    case 35..<42: publish(burst: Int.random(in: 2...60, using: &random))
    case 42..<55: connect()
    case 55..<63: clients.filter(\.isConnected).randomElement(using: &random)?.hangUp()
    case 63..<70: clients.filter { !$0.isConnected }.randomElement(using: &random).map(reconnect)
    case 70..<85:
      clients.filter(\.isConnected).randomElement(using: &random)?.read(Int.random(in: 1...400, using: &random))
    case 85..<87: clients.filter(\.isConnected).randomElement(using: &random)?.cut()
    case 87..<89:
      for stack in stacks { stack.advance(by: .milliseconds(Int.random(in: 1...5000, using: &random))) }
    case 89: try? hub.publish(comment: "note", to: "a")
    case 90:
      hub.unregister(ChannelName(stringLiteral: names.randomElement(using: &random)!), disconnectingReaders: true)
    default: stacks.randomElement(using: &random)!.run()
    }
    check()
  }

  private func publish(burst: Int) {
    let name = names.randomElement(using: &random)!
    for _ in 0..<burst { publish(to: name) }
  }

  private func publish(to name: String) {
    published[name]! += 1
    let number = published[name]!
    let padding = String(repeating: "x", count: Int.random(in: 0...90, using: &random))
    var event = ServerSentEvent(data: "\(name) \(number) \(padding)")
    if Bool.random(using: &random) { event.id = try! EventID("\(seed)-\(name)\(number)") }
    do {
      try hub.publish(event, to: ChannelName(name))
    } catch {
      failures.append("publishing threw \(error)")
    }
  }

  private func connect() {
    let channels = Bool.random(using: &random) ? [names.randomElement(using: &random)!] : names.shuffled(using: &random)
    let client = ModelClient(
      channels: channels, handler: handlers.randomElement(using: &random)!,
      stack: stacks.randomElement(using: &random)!)
    clients.append(client)
    reconnect(client)
  }

  private func reconnect(_ client: ModelClient) {
    let room = Bool.random(using: &random) ? Int.max : Int.random(in: 0...300, using: &random)
    let largestWrite = [Int.max, 1, 7, 64].randomElement(using: &random)!
    client.connect(room: room, largestWrite: largestWrite, published: { [unowned self] in published }) {
      [unowned self] in
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

  /// Everybody reads, and those who were cut off come back, until nothing moves.
  private func settle() {
    for _ in 0..<3 {
      for client in clients {
        if client.isConnected {
          client.readOn()
        } else {
          client.connect(room: .max, largestWrite: .max, published: { [unowned self] in published })
        }
      }
      for stack in stacks { stack.run() }
      for name in names { publish(to: name) }
      for stack in stacks { stack.run() }
      check()
    }
    for client in clients {
      if !client.isConnected { failures.append("a reader with room for everything was cut off") }
      for name in client.channels where client.next[name] != published[name]! + 1 {
        failures.append(
          "a reader of \(client.channels) expects \(name) \(client.next[name] ?? 0), \(published[name]!) were published"
        )
      }
    }
  }

  /// Everybody leaves, in one way or the other; nothing is left.
  private func end() {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: for client in clients where client.isConnected { client.hangUp() }
    case 1: hub.close()
    default: for stack in stacks { stack.lane.close() }
    }
    // Long enough for a heartbeat, or the stall timeout, to find the connections that were cut.
    for stack in stacks { stack.advance(by: .seconds(60)) }
    check()
    for name in names { hub.remove(ChannelName(stringLiteral: name)) }
    for stack in stacks { stack.run() }
    let statistics = hub.statistics
    if statistics.readers != 0 { failures.append("\(statistics.readers) readers are left") }
    if statistics.opened != statistics.ended.values.reduce(0, +) {
      failures.append("not every stream's end was counted")
    }
    // The heartbeat that all share.
    if statistics.heldBytes > 16 { failures.append("\(statistics.heldBytes) bytes are left") }
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
