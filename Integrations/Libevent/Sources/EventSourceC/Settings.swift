import CEventSource
import EventSourceServer

/// What an `es_config` holds. Used by one thread at a time, as the header demands.
final class Settings {
  var hub = EventHub.Configuration()
  var streams = EventStreamHandler.Configuration()
  var logger: ProgramLogger?
  var authorizer: ProgramAuthorizer?

  /// How an option's number is kept.
  enum Property {
    case flag(WritableKeyPath<Settings, Bool>)
    case count(WritableKeyPath<Settings, Int>)
    case countOrNone(WritableKeyPath<Settings, Int?>)
    case time(WritableKeyPath<Settings, Duration>)
    case timeOrNone(WritableKeyPath<Settings, Duration?>)
    case percent(WritableKeyPath<Settings, Double>)
  }

  /// Where an option is kept; nil: there is none of this number.
  static func property(_ option: es_option) -> Property? {
    switch option {
    case ES_OPTION_CHANNELS_ON_DEMAND: .flag(\.makesChannelsOnDemand)
    case ES_OPTION_MAXIMUM_CHANNELS: .count(\.hub.maximumChannels)
    case ES_OPTION_LOG_BYTES: .count(\.hub.log.bytes)
    case ES_OPTION_LOG_EVENTS: .countOrNone(\.hub.log.events)
    case ES_OPTION_LOG_AGE_MS: .timeOrNone(\.hub.log.age)
    case ES_OPTION_MAXIMUM_BYTES: .count(\.hub.maximumBytes)
    case ES_OPTION_MAXIMUM_EVENT_BYTES: .count(\.hub.maximumEventBytes)
    case ES_OPTION_MAXIMUM_READERS: .count(\.hub.maximumReaders)
    case ES_OPTION_MAXIMUM_READERS_PER_CHANNEL: .countOrNone(\.hub.maximumReadersPerChannel)
    case ES_OPTION_MAXIMUM_READERS_PER_CALLER: .countOrNone(\.hub.maximumReadersPerCaller)
    case ES_OPTION_MAXIMUM_BACKLOG_BYTES: .countOrNone(\.hub.channelDefaults.maximumBacklogBytes)
    case ES_OPTION_MAXIMUM_LAG_MS: .timeOrNone(\.hub.channelDefaults.maximumLag)
    case ES_OPTION_SLOW_READERS: .count(\.slowReaders)
    case ES_OPTION_MAXIMUM_CHANNELS_PER_STREAM: .count(\.streams.maximumChannelsPerStream)
    case ES_OPTION_MAXIMUM_LAST_EVENT_ID_BYTES: .count(\.streams.maximumLastEventIDBytes)
    case ES_OPTION_REPLAYS_WITHOUT_LAST_EVENT_ID: .flag(\.streams.replaysWithoutLastEventID)
    case ES_OPTION_AFTER_GAP: .count(\.afterGap)
    case ES_OPTION_REAUTHORIZATION_MS: .timeOrNone(\.streams.reauthorizationInterval)
    case ES_OPTION_HEARTBEAT_MS: .timeOrNone(\.streams.heartbeatInterval)
    case ES_OPTION_RECONNECTION_MS: .timeOrNone(\.streams.reconnectionTime)
    case ES_OPTION_RECONNECTION_JITTER_PERCENT: .percent(\.streams.reconnectionJitter)
    case ES_OPTION_MAXIMUM_CONNECTION_MS: .timeOrNone(\.streams.maximumConnectionTime)
    case ES_OPTION_CONNECTION_JITTER_PERCENT: .percent(\.streams.connectionTimeJitter)
    case ES_OPTION_STALL_MS: .time(\.streams.stallTimeout)
    case ES_OPTION_COALESCING_MS: .timeOrNone(\.streams.coalescingWindow)
    case ES_OPTION_RETRY_AFTER_MS: .time(\.streams.retryAfter)
    case ES_OPTION_ALLOWS_CREDENTIALS: .flag(\.streams.crossOrigin.allowsCredentials)
    default: nil
    }
  }

  private var makesChannelsOnDemand: Bool {
    get { hub.channelCreation == .onDemand }
    set { hub.channelCreation = newValue ? .onDemand : .declared }
  }

  /// 0: all that is held; 1: what comes; a status: a refusal with it.
  private var afterGap: Int {
    get {
      switch streams.afterGap {
      case .replayHeld, .snapshot: 0
      case .liveOnly: 1
      case .refuse(let status): status
      }
    }
    set {
      switch newValue {
      case 0: streams.afterGap = .replayHeld
      case 1: streams.afterGap = .liveOnly
      default: streams.afterGap = .refuse(status: newValue)
      }
    }
  }

  private static let slowReaders = [ChannelConfiguration.SlowReaders.disconnect, .skipToNewest, .newestPerKey]

  /// An index into those; one that is none of them is kept, so that it is refused.
  private var slowReaders: Int {
    get { isSlowReadersWrong ? -1 : Self.slowReaders.firstIndex(of: hub.channelDefaults.slowReaders) ?? -1 }
    set {
      isSlowReadersWrong = !Self.slowReaders.indices.contains(newValue)
      if !isSlowReadersWrong { hub.channelDefaults.slowReaders = Self.slowReaders[newValue] }
    }
  }

  private var isSlowReadersWrong = false

  /// Changes something, and changes it back if it was not allowed.
  func change(_ body: (Settings) throws -> Void) throws {
    let (hub, streams) = (hub, streams)
    do {
      try body(self)
      guard !isSlowReadersWrong else { throw Failure(.invalidValue, "there is no such rule for slow readers") }
      try self.hub.validate()
      try self.streams.validate()
    } catch {
      (self.hub, self.streams) = (hub, streams)
      isSlowReadersWrong = false
      throw error
    }
  }

  func set(_ property: Property, _ value: Int64) throws {
    let isNone = value == ES_NONE
    let mayBeNone = if case .countOrNone = property { true } else if case .timeOrNone = property { true } else { false }
    guard value >= 0 || mayBeNone && isNone else { throw Failure(.invalidValue, "an option cannot be \(value)") }
    var settings = self
    switch property {
    case .flag(let path):
      guard value <= 1 else { throw Failure(.invalidValue, "an option that is 0 or 1 cannot be \(value)") }
      settings[keyPath: path] = value == 1
    case .count(let path): settings[keyPath: path] = Int(value)
    case .countOrNone(let path): settings[keyPath: path] = isNone ? nil : Int(value)
    case .time(let path): settings[keyPath: path] = .milliseconds(value)
    case .timeOrNone(let path): settings[keyPath: path] = isNone ? nil : .milliseconds(value)
    case .percent(let path): settings[keyPath: path] = Double(value) / 100
    }
  }

  func get(_ property: Property) -> Int64 {
    func milliseconds(_ time: Duration) -> Int64 {
      let (seconds, attoseconds) = time.components
      return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
    switch property {
    case .flag(let path): return self[keyPath: path] ? 1 : 0
    case .count(let path): return Int64(self[keyPath: path])
    case .countOrNone(let path): return self[keyPath: path].map { Int64($0) } ?? ES_NONE
    case .time(let path): return milliseconds(self[keyPath: path])
    case .timeOrNone(let path): return self[keyPath: path].map(milliseconds) ?? ES_NONE
    case .percent(let path): return Int64((self[keyPath: path] * 100).rounded())
    }
  }
}
