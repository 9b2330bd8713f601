import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests every number and duration of a settings file at its extremes: `validate()` rejects it, or everything works
/// with it.
@Suite struct ExtremeValueTests {
  typealias HubChange = @Sendable (inout EventHub.Configuration) -> Void
  typealias StreamChange = @Sendable (inout EventStreamHandler.Configuration) -> Void

  private static let counts = [Int.min, -1, 0, 1, 2, 64, 1024, 1 << 16, 1 << 30, 1 << 32, Int.max - 1, Int.max]
  private static let shares = [
    -Double.infinity, -1, -0.0, 0, .leastNonzeroMagnitude, 0.5, 1.0.nextDown, 1, 1.0.nextUp, .greatestFiniteMagnitude,
    .infinity, .nan, .signalingNaN,
  ]
  private static let times: [Duration] = [
    .seconds(Int64.min), .seconds(-1), .zero, Duration(secondsComponent: 0, attosecondsComponent: 1), .nanoseconds(1),
    .milliseconds(1), .seconds(1), .seconds(86_400), .nanoseconds(Int64.max), .milliseconds(Int64.max),
    .seconds(Int64.max), .seconds(Int64.max) + .seconds(Int64.max),
  ]

  private static let hubCounts: [(String, @Sendable (inout EventHub.Configuration, Int) -> Void)] = [
    ("maximumChannels", { $0.maximumChannels = $1 }), ("retention.maximumBytes", { $0.retention.maximumBytes = $1 }),
    ("retention.maximumEvents", { $0.retention.maximumEvents = $1 }), ("memoryLimit", { $0.memoryLimit = $1 }),
    ("maximumEventBytes", { $0.maximumEventBytes = $1 }), ("maximumReaders", { $0.maximumReaders = $1 }),
    ("maximumReadersPerChannel", { $0.maximumReadersPerChannel = $1 }),
    ("maximumReadersPerCaller", { $0.maximumReadersPerCaller = $1 }),
    ("maximumBacklogBytes", { $0.channelDefaults.maximumBacklogBytes = $1 }),
  ]
  private static let hubTimes: [(String, @Sendable (inout EventHub.Configuration, Duration) -> Void)] = [
    ("retention.maximumAge", { $0.retention.maximumAge = $1 }), ("maximumLag", { $0.channelDefaults.maximumLag = $1 }),
    ("channelDefaults.retention.maximumAge", { $0.channelDefaults.retention = Retention(maximumAge: $1) }),
    ("channelDefaults.coalescingWindow", { $0.channelDefaults.coalescingWindow = $1 }),
    (
      "occupancyLinger",
      {
        $0.occupancyLinger = $1
        $0.occupancyObservers = [ClosureObserver { _ in }]
      }
    ),
  ]
  private static let streamCounts: [(String, @Sendable (inout EventStreamHandler.Configuration, Int) -> Void)] = [
    ("maximumChannelsPerStream", { $0.maximumChannelsPerStream = $1 }),
    ("maximumLastEventIDBytes", { $0.maximumLastEventIDBytes = $1 }),
    ("gapPolicy", { $0.gapPolicy = .reject(status: $1) }),
  ]
  private static let streamShares: [(String, @Sendable (inout EventStreamHandler.Configuration, Double) -> Void)] = [
    ("reconnectionJitter", { $0.reconnectionJitter = $1 }), ("streamDurationJitter", { $0.streamDurationJitter = $1 }),
  ]
  private static let streamTimes: [(String, @Sendable (inout EventStreamHandler.Configuration, Duration) -> Void)] = [
    ("heartbeatInterval", { $0.heartbeatInterval = $1 }), ("reconnectionTime", { $0.reconnectionTime = $1 }),
    ("maximumStreamDuration", { $0.maximumStreamDuration = $1 }), ("stallTimeout", { $0.stallTimeout = $1 }),
    ("coalescingWindow", { $0.coalescingWindow = $1 }), ("missingChannel", { $0.missingChannel = .waits(upTo: $1) }),
    ("reauthorizationInterval", { $0.reauthorizationInterval = $1 }), ("retryAfter", { $0.retryAfter = $1 }),
    ("preflightAge", { $0.crossOrigin.preflightAge = $1 }),
  ]

  @Test func aHubWorksWithWhateverItsConfigurationAllows() throws {
    var isAllowed: [String: Int] = [:]
    func attempt(_ name: String, _ change: HubChange) throws {
      let configuration = EventHub.Configuration.test(change)
      guard (try? configuration.validate()) != nil else { return }
      isAllowed[name, default: 0] += 1
      try serve(configuration, .with { _ in })
    }
    for (name, set) in Self.hubCounts {
      for value in Self.counts { try attempt(name) { set(&$0, value) } }
    }
    for (name, set) in Self.hubTimes {
      for value in Self.times {
        try attempt(name) { set(&$0, value) }
        for rule in [ChannelConfiguration.SlowReaderPolicy.skipToNewest, .newestPerKey] {
          try attempt(name) {
            set(&$0, value); $0.channelDefaults.slowReaders = rule
          }
        }
      }
    }
    // Each has at least one allowed value.
    let names = Self.hubCounts.map(\.0) + Self.hubTimes.map(\.0)
    let missing = names.filter { isAllowed[$0] == nil }
    #expect(missing.isEmpty)
  }

  @Test func anEndpointWorksWithWhateverItsConfigurationAllows() throws {
    var isAllowed: [String: Int] = [:]
    func attempt(_ name: String, _ change: StreamChange) throws {
      let configuration = EventStreamHandler.Configuration.with(change)
      guard (try? configuration.validate()) != nil else { return }
      isAllowed[name, default: 0] += 1
      try serve(.test, configuration)
    }
    for (name, set) in Self.streamCounts {
      for value in Self.counts + [99, 100, 399, 400, 599, 600] { try attempt(name) { set(&$0, value) } }
    }
    for (name, set) in Self.streamShares {
      for value in Self.shares {
        for time in [Duration.milliseconds(1), .seconds(86_400)] {
          try attempt(name) {
            set(&$0, value); $0.reconnectionTime = time; $0.maximumStreamDuration = time
          }
        }
        try attempt(name) {
          set(&$0, value); $0.maximumStreamDuration = .seconds(Int64.max)
        }
      }
    }
    for (name, set) in Self.streamTimes {
      for value in Self.times {
        try attempt(name) { set(&$0, value) }
        try attempt(name) {
          set(&$0, value); $0.reconnectionJitter = 1; $0.streamDurationJitter = 1.0.nextDown
        }
      }
    }
    let names = Self.streamCounts.map(\.0) + Self.streamShares.map(\.0) + Self.streamTimes.map(\.0)
    let missing = names.filter { isAllowed[$0] == nil }
    #expect(missing.isEmpty)
  }

  @Test func numbersThatAreNoneAreRefused() {
    for (name, set) in Self.streamShares {
      for value in [Double.nan, .signalingNaN, .infinity, -.infinity, -1, 1.0.nextUp] {
        #expect(throws: ConfigurationError.self, "\(name) \(value)") {
          try EventStreamHandler.Configuration.with { set(&$0, value) }.validate()
        }
      }
    }
  }

  @Test func timesThatAreSentHaveABound() {
    for (name, set) in Self.streamTimes where ["reconnectionTime", "retryAfter", "preflightAge"].contains(name) {
      for (value, isAllowed) in [
        (.zero, true), (.seconds(86_400), true), (.seconds(86_400) + .nanoseconds(1), false), (.nanoseconds(-1), false),
        (.seconds(Int64.max), false),
      ] as [(Duration, Bool)] {
        let isValid = (try? EventStreamHandler.Configuration.with { set(&$0, value) }.validate()) != nil
        #expect(isValid == isAllowed, "\(name) \(value)")
      }
    }
  }

  @Test func aGrantOfAnyLengthIsTaken() throws {
    for time in Self.times {
      let executor = ManualTaskExecutor()
      let hub = EventHub(channels: ["a"], configuration: .test { $0.taskExecutor = executor })
      try serve(hub, executor, .with { _ in }, grant: ChannelGrant(expiresAfter: time))
    }
  }

  @Test func anEventWithAnyReconnectionTimeIsPublishedOrRefused() throws {
    let hub = EventHub(channels: ["a"], configuration: .test)
    for time in Self.times {
      let event = ServerSentEvent(data: "x", reconnectionTime: time)
      if time >= .zero {
        try hub.publish(event, to: "a")
      } else {
        #expect(throws: EventStreamFormatError.self) { try hub.publish(event, to: "a") }
      }
    }
  }

  @Test func lanesDrainOverAnyTime() {
    for time in Self.times {
      let hub = EventHub(channels: ["a"], configuration: .test)
      let stack = SimulatedStack(hub: hub)
      let readers = (0..<3).map { _ in stack.connect(EventStreamHandler(hub), channels: ["a"]) }
      stack.run()
      stack.lane.drain(over: time)
      stack.run()
      if time <= .zero { #expect(readers.allSatisfy { $0.isFinished }) }
      stack.lane.close()
      #expect(readers.allSatisfy { $0.isFinished })
    }
  }

  @Test func aSimulatedReaderTakesAnyNumberOfBytes() throws {
    for count in Self.counts {
      for room in Self.counts {
        let hub = EventHub(channels: ["a"], configuration: .test)
        let stack = SimulatedStack(hub: hub)
        let reader = stack.connect(EventStreamHandler(hub), channels: ["a"], room: room)
        reader.response.largestWrite = count
        stack.run()
        try hub.publish("x", to: "a")
        stack.run()
        reader.read(count)
        stack.run()
      }
    }
  }

  private func serve(_ hub: EventHub.Configuration, _ streams: EventStreamHandler.Configuration) throws {
    let executor = ManualTaskExecutor()
    var hub = hub
    hub.taskExecutor = executor
    try serve(EventHub(channels: ["a"], configuration: hub), executor, streams, grant: ChannelGrant())
  }

  /// Simulates a server: readers that read, stall and return, events, some of which are too large, and the passing of
  /// time.
  private func serve(
    _ hub: EventHub, _ executor: ManualTaskExecutor, _ configuration: EventStreamHandler.Configuration,
    grant: ChannelGrant
  ) throws {
    let stack = SimulatedStack(hub: hub)
    let handler = EventStreamHandler(hub, configuration: configuration, authorizer: Granting(grant: grant))
    func settle() {
      for _ in 0..<3 {
        stack.run()
        executor.run()
      }
      stack.run()
    }
    let requests = [
      SimulatedRequest(), SimulatedRequest(lastEventID: "unknown"), SimulatedRequest(lastEventID: "test-1"),
      SimulatedRequest(method: "HEAD"), SimulatedRequest(method: "OPTIONS"),
    ]
    var readers: [SimulatedStack.Connection] = []
    for request in requests {
      readers += [Int.max, 0, 3].map { stack.connect(handler, request, channels: ["a"], room: $0) }
      settle()
      for number in 1...5 {
        let event = ServerSentEvent(data: String(repeating: "x", count: number * 50), type: "kind")
        do { try hub.publish(event, to: "a") } catch PublishError.eventTooLarge { continue }
        settle()
      }
      stack.advance(by: .milliseconds(1500))
      settle()
      for reader in readers.dropFirst(1) where !reader.isFinished { reader.read(20) }
      settle()
    }
    // The machine was suspended.
    stack.clock.advance(by: .seconds(86_400 * 365))
    settle()
    stack.lane.drain(over: .seconds(1))
    stack.advance(by: .seconds(10))
    settle()
    #expect(readers.allSatisfy { $0.isFinished } && hub.statistics.readers == 0)
    hub.close()
    stack.lane.close()
  }
}

private struct Granting: ChannelAuthorizer {
  let grant: ChannelGrant

  func authorize(
    _ request: any EventStreamRequest, for channels: [ChannelName]
  ) async throws -> ChannelAuthorization { .granted(grant) }
}
