import EventSourceServer

/// The drawn options of a schedule's hub and channels.
struct ScheduleOptions {
  /// The focus of a schedule. With `everything`, all options are drawn alike.
  enum Focus: CaseIterable {
    case everything, roomy, tight, manyChannels, onDemand, authorization, coalescing, hanging, keeping, limits
  }

  let focus: Focus
  let history: HistoryAct
  /// The schedule's labels of the channels, and their names. Two names may be equal by Swift's `==` on strings.
  let names: [String]
  let channelNames: [ChannelName]
  let rules: [ChannelConfiguration]
  let laneCount: Int
  var hub: EventHub.Configuration
  /// Whether nothing is ever evicted, so that a reader that returns must receive exactly what it missed.
  let isRoomy: Bool
  let hasAuthorizer: Bool
  /// The maximum padding of an event.
  let padding: Int
  /// Whether a limit on readers is small.
  let hasReaderLimits: Bool
  let hangs: Int
  /// Whether a provider assigns the history to every channel.
  let usesProvider: Bool

  init(seed: UInt64, _ random: inout SeededRandom, note: (Occurrence) -> Void) {
    focus = random.one(of: Focus.allCases)
    let histories: [HistoryAct] = [.recording, .reporting, .inMemory, .storedFirst, .storedLater, .storedLaterNamed]
    let focus = focus
    history =
      switch focus {
      case .onDemand, .tight, .coalescing: random.isOnce(in: 4) ? random.one(of: histories) : .none
      case .hanging: random.one(of: histories)
      default: random.isOnce(in: 3) ? .none : random.one(of: histories)
      }
    note(.history(history))
    hasAuthorizer = focus == .authorization || random.isOnce(in: 12)
    isRoomy = focus == .roomy || history == .storedLaterNamed || (focus == .manyChannels && Bool.random(using: &random))
    laneCount = Int.random(in: 1...3, using: &random)
    padding = focus == .tight || focus == .keeping ? 3000 : random.one(of: [90, 90, 400])
    hangs = focus == .hanging ? random.one(of: [2, 3, 6]) : random.one(of: [0, 0, 0, 40])
    channelNames = Self.names(focus, &random, note).map { ChannelName(stringLiteral: $0) }
    names = channelNames.indices.map { "c\($0)" }
    hasReaderLimits = focus == .limits
    usesProvider = history != .none && focus != .onDemand && random.isOnce(in: 4)
    hub = Self.hub(seed, focus, history, isRoomy: isRoomy, &random, note)
    var rules: [ChannelConfiguration] = []
    for _ in names { rules.append(Self.rules(focus, isRoomy: isRoomy, &random, note)) }
    if hub.channelCreation == .onDemand {
      hub.channelDefaults = rules[0]
      rules = names.map { _ in rules[0] }
    } else if random.isOnce(in: 4) {
      hub.channelDefaults = rules[0]
      note(.hub(.channelDefaults))
    }
    self.rules = rules
  }

  private static func names(
    _ focus: Focus, _ random: inout SeededRandom, _ note: (Occurrence) -> Void
  ) -> [String] {
    if focus == .manyChannels {
      note(.channel(.longName))
      let count = Int.random(in: 2...8, using: &random)
      let letter = random.one(of: ["あ", "é", "x", "%"])
      return (0..<count).map { index in
        String(repeating: letter, count: (ChannelName.maximumBytes - 2) / letter.utf8.count) + "\(index)"
      }
    }
    if random.isOnce(in: 8) {
      note(.channel(.oddName))
      // Two spellings of one letter, and the syntax of composite IDs.
      return ["\u{E9}", "e\u{301}", "*~:,%41 \"\\"]
    }
    return ["a", "b", "c"]
  }

  private static func rules(
    _ focus: Focus, isRoomy: Bool, _ random: inout SeededRandom, _ note: (Occurrence) -> Void
  ) -> ChannelConfiguration {
    var rules = ChannelConfiguration()
    rules.slowReaders = random.one(of: [.disconnect, .disconnect, .skipToNewest, .newestPerKey])
    note(.channel(.slowReaders))
    switch rules.slowReaders {
    case .disconnect: note(.channel(.disconnect))
    case .skipToNewest: note(.channel(.skipToNewest))
    case .newestPerKey: note(.channel(.newestPerKey))
    }
    rules.maximumBacklogBytes = random.one(of: [nil, nil, 600, 2000, .max])
    if rules.maximumBacklogBytes != nil { note(.channel(.maximumBacklogBytes)) }
    if random.isOnce(in: focus == .coalescing ? 3 : 12) {
      rules.coalescingWindow = random.one(of: [.zero, .milliseconds(50), .seconds(5)])
      note(.channel(.coalescingWindow))
    }
    rules.maximumLag = random.one(of: [nil, nil, .seconds(2), .seconds(Int64.max)])
    if rules.maximumLag != nil { note(.channel(.maximumLag)) }
    if !isRoomy, random.isOnce(in: 6) {
      rules.retention = Retention(
        maximumBytes: random.one(of: [4096, 20_000]), maximumEvents: random.one(of: [nil, 12]))
      note(.channel(.retention))
    }
    return rules
  }

  private static func hub(
    _ seed: UInt64, _ focus: Focus, _ history: HistoryAct, isRoomy: Bool, _ random: inout SeededRandom,
    _ note: (Occurrence) -> Void
  ) -> EventHub.Configuration {
    var hub = EventHub.Configuration()
    hub.seed = seed
    note(.hub(.seed))
    if random.isOnce(in: 3) { hub.idPrefix = random.one(of: ["e", "Test9"]) }
    if hub.idPrefix != nil { note(.hub(.idPrefix)) }
    // Small limits make readers fall behind the logs, and make the hub evict events of its oldest channel.
    hub.retention = Retention(
      maximumBytes: Int.random(in: 4096...16_384, using: &random), maximumEvents: random.one(of: [nil, 7, 40]))
    hub.memoryLimit = random.one(of: [64 << 10, 256 << 10])
    note(.hub(.retention))
    note(.hub(.memoryLimit))
    if isRoomy {
      hub.retention = Retention(
        maximumEvents: random.one(of: [nil, .max]), maximumAge: random.one(of: [nil, .seconds(Int64.max)]))
      hub.memoryLimit = random.one(of: [16 << 20, .max])
    } else if focus == .tight || focus == .keeping {
      hub.retention = Retention()
      hub.memoryLimit = random.one(of: [64 << 10, 64 << 10, 256 << 10])
    }
    if !isRoomy, focus == .onDemand || random.isOnce(in: 6) {
      hub.retention.maximumAge = random.one(of: [.milliseconds(500), .seconds(5)])
    }
    note(.hub(.retentionBytes))
    if hub.retention.maximumEvents != nil { note(.hub(.retentionEvents)) }
    if hub.retention.maximumAge != nil { note(.hub(.retentionAge)) }
    if focus == .onDemand {
      hub.channelCreation = .onDemand
      note(.hub(.channelCreation))
      if random.isOnce(in: 4) {
        hub.maximumChannels = 2
        note(.hub(.maximumChannels))
      }
    }
    if random.isOnce(in: 6) {
      hub.maximumEventBytes = random.one(of: [4096, 1 << 30])
      note(.hub(.maximumEventBytes))
    }
    if random.isOnce(in: 4) {
      hub.recordingTimeout = random.one(of: [.seconds(3600), .seconds(Int64.max)])
      note(.hub(.recordingTimeout))
    }
    if random.isOnce(in: 3) {
      note(.hub(.occupancyObservers))
      hub.occupancyLinger = random.one(of: [.zero, .seconds(1), .seconds(Int64.max)])
      if hub.occupancyLinger > .zero { note(.hub(.occupancyLinger)) }
    }
    if focus == .limits {
      hub.maximumReaders = random.one(of: [3, 100_000])
      hub.maximumReadersPerChannel = random.one(of: [nil, 2])
      hub.maximumReadersPerCaller = random.one(of: [nil, 1, 2])
      if hub.maximumReaders == 3 { note(.hub(.maximumReaders)) }
      if hub.maximumReadersPerChannel != nil { note(.hub(.maximumReadersPerChannel)) }
      if hub.maximumReadersPerCaller != nil { note(.hub(.maximumReadersPerCaller)) }
    }
    return hub
  }
}
