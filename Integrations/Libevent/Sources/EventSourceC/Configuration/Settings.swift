import CEventSource
import EventSourceServer
import EventSourceZlib

/// The content of an `es_config`. The header requires that one thread at a time uses it, which makes it `Sendable`.
final class Settings: ProgramObject, @unchecked Sendable {
  static let handleMark: UInt64 = 0x6573_2D63_6F6E_6669
  static var handleName: StaticString { "es_config" }

  /// The scope of an option.
  enum Scope {
    case hub, channel, streams, runs
  }

  let kind: es_config_kind
  var hub = EventHub.Configuration()
  var streams = EventStreamHandler.Configuration()
  /// Without the streams.
  var runs = RunCollection.Configuration()
  var runObserver: ProgramRunObserver?
  var logger: ProgramLogger?
  var authorizer: ProgramAuthorizer?

  /// The header's names of the hub options that were set and that no hub has used yet.
  private(set) var unusedOfHub: [String] = []
  /// The channel options that were set.
  private var ofChannel: [Option] = []
  private var isChoiceWrong = false
  private var longestWait = Duration.seconds(30)

  init(_ kind: es_config_kind) { self.kind = kind }

  // MARK: Changes

  /// Applies a change, and reverts it if it is not allowed.
  ///
  /// - Parameter name: The header's name of what is changed.
  func change(_ name: String, of scope: Scope, _ body: (Settings) throws -> Void) throws {
    try require(scope, for: name)
    let (hub, streams, runs) = (hub, streams, runs)
    do {
      try body(self)
      try self.hub.validate()
      if kind == ES_CONFIG_RUNS { try runsWithStreams.validate() } else { try self.streams.validate() }
    } catch {
      (self.hub, self.streams, self.runs) = (hub, streams, runs)
      throw error
    }
    if scope == .hub || scope == .channel, !unusedOfHub.contains(name) { unusedOfHub.append(name) }
  }

  /// - Throws: `ES_INVALID_VALUE` if this configuration's kind does not have the option.
  func require(_ scope: Scope, for name: String) throws(Failure) {
    let has: [Scope] =
      switch kind {
      case ES_CONFIG_HUB: [.hub, .channel]
      case ES_CONFIG_CHANNEL: [.channel]
      case ES_CONFIG_STREAMS: [.streams]
      case ES_CONFIG_RUNS: [.streams, .runs]
      default: [.hub, .channel, .streams]
      }
    guard has.contains(scope) else {
      let owner =
        switch scope {
        case .hub: "hubs"
        case .channel: "hubs and channels"
        case .streams: "streams"
        case .runs: "runs"
        }
      throw Failure(.invalidValue, "\(name) is for \(owner); this configuration is for \(purpose)")
    }
  }

  /// - Throws: `ES_INVALID_VALUE` if this configuration is of another kind.
  func require(_ allowed: [es_config_kind], in function: String) throws(Failure) {
    guard kind == ES_CONFIG_ALL || allowed.contains(kind) else {
      throw Failure(.invalidValue, "\(function) does not accept a configuration for \(purpose)")
    }
  }

  /// - Throws: `ES_INVALID_VALUE` if this configuration is not one of runs.
  func requireRuns(in function: String) throws(Failure) {
    guard kind == ES_CONFIG_RUNS else {
      throw Failure(.invalidValue, "\(function) does not accept a configuration for \(purpose)")
    }
  }

  /// The configuration of a collection of runs.
  var runsWithStreams: RunCollection.Configuration {
    var runs = runs
    runs.streams = streams
    return runs
  }

  private var purpose: String {
    switch kind {
    case ES_CONFIG_HUB: "a hub"
    case ES_CONFIG_CHANNEL: "a channel"
    case ES_CONFIG_STREAMS: "streams"
    case ES_CONFIG_RUNS: "runs"
    default: "a hub and its streams"
    }
  }

  /// Records that a hub uses the hub options.
  func wasUsedForHub() { unusedOfHub = [] }

  /// Records that a channel uses the channel options.
  func wasUsedForChannel() { unusedOfHub.removeAll { name in ofChannel.contains { $0.name == name } } }

  /// Returns a channel's settings. Options that were not set here come from the hub.
  func rules(in configuration: EventHub.Configuration) throws -> ChannelConfiguration {
    let merged = Settings(kind)
    merged.hub.channelDefaults = configuration.channelDefaults
    merged.hub.retention = configuration.channelDefaults.retention ?? configuration.retention
    for option in ofChannel { try merged.set(option, get(option)) }
    var rules = merged.hub.channelDefaults
    rules.retention = merged.hub.retention
    return rules
  }

  // MARK: Number options

  func set(_ option: Option, _ value: Int64) throws {
    do {
      try change(option.name, of: option.scope) { try $0.store(value, in: option) }
    } catch let error as ConfigurationError {
      let value = error.property == option.property ? "\(value)" : nil
      throw kind == ES_CONFIG_RUNS
        ? OptionNames.failure(error, in: OptionNames.ofRuns, value: value) : OptionNames.failure(error, value: value)
    }
    if option.scope == .channel, !ofChannel.contains(where: { $0.number == option.number }) { ofChannel.append(option) }
  }

  private func store(_ value: Int64, in option: Option) throws(Failure) {
    let isNone = value == ES_NONE
    func require(_ condition: Bool, _ allowed: String) throws(Failure) {
      guard condition else {
        throw Failure(.invalidValue, "\(option.name) cannot be \(value); expected \(allowed)")
      }
    }
    var settings = self
    switch option.storage {
    case .flag(let path):
      try require(value == 0 || value == 1, "0 or 1")
      settings[keyPath: path] = value == 1
    case .count(let path):
      try require(value >= 0, "0 or more")
      settings[keyPath: path] = Int(value)
    case .countOrNone(let path):
      try require(value >= 0 || isNone, "0 or more, or ES_NONE")
      settings[keyPath: path] = isNone ? nil : Int(value)
    case .time(let path):
      try require(value >= 0, "0 or more")
      settings[keyPath: path] = .milliseconds(value)
    case .timeOrNone(let path):
      try require(value >= 0 || isNone, "0 or more, or ES_NONE")
      settings[keyPath: path] = isNone ? nil : .milliseconds(value)
    case .percent(let path):
      try require(value >= 0, "0 or more")
      settings[keyPath: path] = Double(value) / 100
    case .choice(let path, let allowed):
      settings[keyPath: path] = Int(exactly: value)
      defer { isChoiceWrong = false }
      try require(!isChoiceWrong, "\(allowed)")
    }
  }

  func get(_ option: Option) -> Int64 {
    func milliseconds(_ time: Duration) -> Int64 {
      let (seconds, attoseconds) = time.components
      return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
    switch option.storage {
    case .flag(let path): return self[keyPath: path] ? 1 : 0
    case .count(let path): return Int64(self[keyPath: path])
    case .countOrNone(let path): return self[keyPath: path].map { Int64($0) } ?? ES_NONE
    case .time(let path): return milliseconds(self[keyPath: path])
    case .timeOrNone(let path): return self[keyPath: path].map(milliseconds) ?? ES_NONE
    case .percent(let path): return Int64((self[keyPath: path] * 100).rounded())
    case .choice(let path, _): return Int64(self[keyPath: path] ?? -1)
    }
  }
}

// MARK: Choices as numbers

extension Settings {
  var makesChannelsOnDemand: Bool {
    get { hub.channelCreation == .onDemand }
    set { hub.channelCreation = newValue ? .onDemand : .explicit }
  }

  /// The gap policy as a number: 0 is all retained events, 1 is new events only, 2 is a snapshot and cannot be set
  /// here, and any other number is the status of a rejection.
  var gapPolicy: Int? {
    get {
      switch streams.gapPolicy {
      case .replayAvailable: 0
      case .liveOnly: 1
      case .snapshot: 2
      case .reject(let status): status
      }
    }
    set {
      switch newValue {
      case 0: streams.gapPolicy = .replayAvailable
      case 1: streams.gapPolicy = .liveOnly
      case .some(let status) where (400...599).contains(status): streams.gapPolicy = .reject(status: status)
      default: isChoiceWrong = true
      }
    }
  }

  var slowReaders: Int? {
    get { Self.slowReaders.firstIndex(of: hub.channelDefaults.slowReaders) }
    set { choose(newValue, of: Self.slowReaders) { hub.channelDefaults.slowReaders = $0 } }
  }

  var channelRemoval: Int? {
    get { Self.channelRemovals.firstIndex(of: streams.channelRemoval) }
    set { choose(newValue, of: Self.channelRemovals) { streams.channelRemoval = $0 } }
  }

  var missingChannel: Int? {
    get {
      switch streams.missingChannel {
      case .notFound: 0
      case .finished: 1
      case .waits: 2
      }
    }
    set {
      switch newValue {
      case 0: streams.missingChannel = .notFound
      case 1: streams.missingChannel = .finished
      case 2: streams.missingChannel = .waits(upTo: longestWait)
      default: isChoiceWrong = true
      }
    }
  }

  var missingChannelWait: Duration {
    get { longestWait }
    set {
      longestWait = newValue
      if case .waits = streams.missingChannel { streams.missingChannel = .waits(upTo: newValue) }
    }
  }

  /// The level of compression. 0 means none.
  var gzipLevel: Int? {
    get { (streams.compression?.compressor as? ZlibCompressor)?.level ?? 0 }
    set {
      if newValue == 0 { return streams.compression = nil }
      guard let newValue, let compressor = try? ZlibCompressor(level: newValue) else { return isChoiceWrong = true }
      streams.compression = EventStreamCompression(compressor)
    }
  }

  private static let slowReaders = [ChannelConfiguration.SlowReaderPolicy.disconnect, .skipToNewest, .newestPerKey]
  private static let channelRemovals = [EventStreamHandler.Configuration.ChannelRemoval.endsStream, .endsChannel]

  func choose<Choice>(_ number: Int?, of choices: [Choice], _ set: (Choice) -> Void) {
    guard let number, choices.indices.contains(number) else {
      isChoiceWrong = true
      return
    }
    set(choices[number])
  }
}
