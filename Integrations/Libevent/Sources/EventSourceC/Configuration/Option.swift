import CEventSource
import EventSourceServer

/// A number option of the header: its name, its scope, and where its value is stored.
struct Option: Sendable {
  typealias Path<Value> = any WritableKeyPath<Settings, Value> & Sendable

  /// The way in which an option's value is stored.
  enum Storage: Sendable {
    case flag(Path<Bool>)
    case count(Path<Int>)
    case countOrNone(Path<Int?>)
    case time(Path<Duration>)
    case timeOrNone(Path<Duration?>)
    case percent(Path<Double>)
    /// A number that stands for a choice. Setting an unknown number makes the property nil, which is rejected.
    case choice(Path<Int?>, allowed: StaticString)
  }

  let number: es_option
  let name: String
  let scope: Settings.Scope
  /// The property, as `ConfigurationError` names it.
  let property: String
  let storage: Storage

  init(_ number: es_option, _ name: String, _ scope: Settings.Scope, _ property: String, _ storage: Storage) {
    self.number = number
    self.name = "ES_OPTION_" + name
    self.scope = scope
    self.property = property
    self.storage = storage
  }

  /// Returns the option with a number, or nil if there is none.
  static func numbered(_ number: es_option) -> Option? { all.first { $0.number == number } }

  static let all: [Option] = ofHubs + ofChannels + ofStreams + ofOrigins + ofRuns

  private static let ofHubs = [
    Option(
      ES_OPTION_CHANNELS_ON_DEMAND, "CHANNELS_ON_DEMAND", .hub, "channelCreation", .flag(\.makesChannelsOnDemand)),
    Option(ES_OPTION_MAXIMUM_CHANNELS, "MAXIMUM_CHANNELS", .hub, "maximumChannels", .count(\.hub.maximumChannels)),
    Option(ES_OPTION_MEMORY_LIMIT, "MEMORY_LIMIT", .hub, "memoryLimit", .count(\.hub.memoryLimit)),
    Option(
      ES_OPTION_MAXIMUM_EVENT_BYTES, "MAXIMUM_EVENT_BYTES", .hub, "maximumEventBytes",
      .count(\.hub.maximumEventBytes)),
    Option(ES_OPTION_MAXIMUM_READERS, "MAXIMUM_READERS", .hub, "maximumReaders", .count(\.hub.maximumReaders)),
    Option(
      ES_OPTION_MAXIMUM_READERS_PER_CHANNEL, "MAXIMUM_READERS_PER_CHANNEL", .hub, "maximumReadersPerChannel",
      .countOrNone(\.hub.maximumReadersPerChannel)),
    Option(
      ES_OPTION_MAXIMUM_READERS_PER_CALLER, "MAXIMUM_READERS_PER_CALLER", .hub, "maximumReadersPerCaller",
      .countOrNone(\.hub.maximumReadersPerCaller)),
    Option(
      ES_OPTION_RECORDING_TIMEOUT_MS, "RECORDING_TIMEOUT_MS", .hub, "recordingTimeout", .time(\.hub.recordingTimeout)),
    Option(
      ES_OPTION_OCCUPANCY_LINGER_MS, "OCCUPANCY_LINGER_MS", .hub, "occupancyLinger", .time(\.hub.occupancyLinger)),
    Option(ES_OPTION_FOLLOW_LINGER_MS, "FOLLOW_LINGER_MS", .hub, "followLinger", .time(\.hub.followLinger)),
    Option(ES_OPTION_STALE_LIMIT_MS, "STALE_LIMIT_MS", .hub, "staleLimit", .timeOrNone(\.hub.staleLimit)),
  ]

  private static let ofChannels = [
    Option(
      ES_OPTION_RETENTION_BYTES, "RETENTION_BYTES", .channel, "retention.maximumBytes",
      .count(\.hub.retention.maximumBytes)),
    Option(
      ES_OPTION_RETENTION_EVENTS, "RETENTION_EVENTS", .channel, "retention.maximumEvents",
      .countOrNone(\.hub.retention.maximumEvents)),
    Option(
      ES_OPTION_RETENTION_AGE_MS, "RETENTION_AGE_MS", .channel, "retention.maximumAge",
      .timeOrNone(\.hub.retention.maximumAge)),
    Option(
      ES_OPTION_MAXIMUM_BACKLOG_BYTES, "MAXIMUM_BACKLOG_BYTES", .channel, "maximumBacklogBytes",
      .countOrNone(\.hub.channelDefaults.maximumBacklogBytes)),
    Option(
      ES_OPTION_MAXIMUM_LAG_MS, "MAXIMUM_LAG_MS", .channel, "maximumLag",
      .timeOrNone(\.hub.channelDefaults.maximumLag)),
    Option(
      ES_OPTION_CHANNEL_COALESCING_MS, "CHANNEL_COALESCING_MS", .channel, "channelDefaults.coalescingWindow",
      .timeOrNone(\.hub.channelDefaults.coalescingWindow)),
    Option(
      ES_OPTION_SLOW_READERS, "SLOW_READERS", .channel, "slowReaders", .choice(\.slowReaders, allowed: "0, 1 or 2")),
  ]

  private static let ofStreams = [
    Option(
      ES_OPTION_MAXIMUM_CHANNELS_PER_STREAM, "MAXIMUM_CHANNELS_PER_STREAM", .streams, "maximumChannelsPerStream",
      .count(\.streams.maximumChannelsPerStream)),
    Option(
      ES_OPTION_MAXIMUM_LAST_EVENT_ID_BYTES, "MAXIMUM_LAST_EVENT_ID_BYTES", .streams, "maximumLastEventIDBytes",
      .count(\.streams.maximumLastEventIDBytes)),
    Option(
      ES_OPTION_REPLAYS_TO_NEW_READERS, "REPLAYS_TO_NEW_READERS", .streams,
      "replaysToNewReaders", .flag(\.streams.replaysToNewReaders)),
    Option(
      ES_OPTION_GAP_POLICY, "GAP_POLICY", .streams, "gapPolicy", .choice(\.gapPolicy, allowed: "0, 1 or 400 to 599")),
    Option(
      ES_OPTION_HEARTBEAT_MS, "HEARTBEAT_MS", .streams, "heartbeatInterval", .timeOrNone(\.streams.heartbeatInterval)),
    Option(
      ES_OPTION_RECONNECTION_MS, "RECONNECTION_MS", .streams, "reconnectionTime",
      .timeOrNone(\.streams.reconnectionTime)),
    Option(
      ES_OPTION_RECONNECTION_JITTER_PERCENT, "RECONNECTION_JITTER_PERCENT", .streams, "reconnectionJitter",
      .percent(\.streams.reconnectionJitter)),
    Option(
      ES_OPTION_MAXIMUM_STREAM_MS, "MAXIMUM_STREAM_MS", .streams, "maximumStreamDuration",
      .timeOrNone(\.streams.maximumStreamDuration)),
    Option(
      ES_OPTION_STREAM_JITTER_PERCENT, "STREAM_JITTER_PERCENT", .streams, "streamDurationJitter",
      .percent(\.streams.streamDurationJitter)),
    Option(ES_OPTION_STALL_MS, "STALL_MS", .streams, "stallTimeout", .time(\.streams.stallTimeout)),
    Option(
      ES_OPTION_COALESCING_MS, "COALESCING_MS", .streams, "coalescingWindow", .timeOrNone(\.streams.coalescingWindow)),
    Option(ES_OPTION_RETRY_AFTER_MS, "RETRY_AFTER_MS", .streams, "retryAfter", .time(\.streams.retryAfter)),
    Option(
      ES_OPTION_REAUTHORIZATION_MS, "REAUTHORIZATION_MS", .streams, "reauthorizationInterval",
      .timeOrNone(\.streams.reauthorizationInterval)),
    Option(
      ES_OPTION_ADDS_CHANNELS_FROM_QUERY, "ADDS_CHANNELS_FROM_QUERY", .streams, "addsChannelsFromQuery",
      .flag(\.streams.addsChannelsFromQuery)),
    Option(
      ES_OPTION_CHANNEL_REMOVAL, "CHANNEL_REMOVAL", .streams, "channelRemoval",
      .choice(\.channelRemoval, allowed: "0 or 1")),
    Option(
      ES_OPTION_MISSING_CHANNEL, "MISSING_CHANNEL", .streams, "missingChannel",
      .choice(\.missingChannel, allowed: "0, 1 or 2")),
    Option(
      ES_OPTION_MISSING_CHANNEL_WAIT_MS, "MISSING_CHANNEL_WAIT_MS", .streams, "missingChannel.wait",
      .time(\.missingChannelWait)),
    Option(
      ES_OPTION_GZIP_LEVEL, "GZIP_LEVEL", .streams, "compression", .choice(\.gzipLevel, allowed: "0 to 9")),
  ]

  private static let ofOrigins = [
    Option(
      ES_OPTION_ALLOWS_CREDENTIALS, "ALLOWS_CREDENTIALS", .streams, "crossOrigin",
      .flag(\.streams.crossOrigin.allowsCredentials)),
    Option(
      ES_OPTION_PREFLIGHT_AGE_MS, "PREFLIGHT_AGE_MS", .streams, "crossOrigin.preflightAge",
      .time(\.streams.crossOrigin.preflightAge)),
    Option(
      ES_OPTION_ALLOWS_PRIVATE_NETWORK, "ALLOWS_PRIVATE_NETWORK", .streams, "crossOrigin.allowsPrivateNetwork",
      .flag(\.streams.crossOrigin.allowsPrivateNetwork)),
  ]
}
