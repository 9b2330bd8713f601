import EventSourceServer
import Glibc
import Testing

/// Tests that everything configurable from Swift is configurable from C, or is omitted for a reason that is given here.
@Suite struct HeaderCoverageTests {
  private enum Place {
    /// Its name in the header.
    case header(String)
    case leftOut(because: String)
  }

  private static let hub: [String: Place] = [
    "channelCreation": .header("ES_OPTION_CHANNELS_ON_DEMAND"),
    "maximumChannels": .header("ES_OPTION_MAXIMUM_CHANNELS"),
    "retention": .header("ES_OPTION_RETENTION_BYTES"),
    "channelDefaults": .header("ES_OPTION_SLOW_READERS"),
    "memoryLimit": .header("ES_OPTION_MEMORY_LIMIT"),
    "maximumEventBytes": .header("ES_OPTION_MAXIMUM_EVENT_BYTES"),
    "maximumReaders": .header("ES_OPTION_MAXIMUM_READERS"),
    "maximumReadersPerChannel": .header("ES_OPTION_MAXIMUM_READERS_PER_CHANNEL"),
    "maximumReadersPerCaller": .header("ES_OPTION_MAXIMUM_READERS_PER_CALLER"),
    "repositoryProvider": .header("es_config_set_repository"),
    "occupancyObservers": .header("es_config_set_occupancy_observer"),
    "occupancyLinger": .header("ES_OPTION_OCCUPANCY_LINGER_MS"),
    "recordingTimeout": .header("ES_OPTION_RECORDING_TIMEOUT_MS"),
    "idPrefix": .header("ES_TEXT_ID_PREFIX"),
    "followLinger": .header("ES_OPTION_FOLLOW_LINGER_MS"),
    "staleLimit": .header("ES_OPTION_STALE_LIMIT_MS"),
    "taskExecutor": .leftOut(because: "C has no tasks; it is for tests that step by hand"),
    "seed": .leftOut(because: "it makes what is random repeatable, for tests of the library itself"),
  ]

  private static let retention: [String: Place] = [
    "maximumBytes": .header("ES_OPTION_RETENTION_BYTES"), "maximumEvents": .header("ES_OPTION_RETENTION_EVENTS"),
    "maximumAge": .header("ES_OPTION_RETENTION_AGE_MS"),
  ]

  private static let channel: [String: Place] = [
    "slowReaders": .header("ES_OPTION_SLOW_READERS"),
    "maximumBacklogBytes": .header("ES_OPTION_MAXIMUM_BACKLOG_BYTES"),
    "maximumLag": .header("ES_OPTION_MAXIMUM_LAG_MS"),
    "coalescingWindow": .header("ES_OPTION_CHANNEL_COALESCING_MS"),
    "retention": .header("es_hub_open_channel_configured"),
  ]

  private static let streams: [String: Place] = [
    "channels": .header("es_config_add_channel"),
    "channelQueryItem": .header("ES_TEXT_CHANNEL_QUERY_ITEM"),
    "addsChannelsFromQuery": .header("ES_OPTION_ADDS_CHANNELS_FROM_QUERY"),
    "maximumChannelsPerStream": .header("ES_OPTION_MAXIMUM_CHANNELS_PER_STREAM"),
    "lastEventIDQueryItems": .header("ES_LIST_LAST_EVENT_ID_QUERY_ITEMS"),
    "maximumLastEventIDBytes": .header("ES_OPTION_MAXIMUM_LAST_EVENT_ID_BYTES"),
    "replaysToNewReaders": .header("ES_OPTION_REPLAYS_TO_NEW_READERS"),
    "gapPolicy": .header("ES_OPTION_GAP_POLICY"),
    "snapshotForNewReaders": .header("ES_SNAPSHOT_FOR_NEW_READERS"),
    "channelRemoval": .header("ES_OPTION_CHANNEL_REMOVAL"),
    "missingChannel": .header("ES_OPTION_MISSING_CHANNEL"),
    "heartbeatInterval": .header("ES_OPTION_HEARTBEAT_MS"),
    "reconnectionTime": .header("ES_OPTION_RECONNECTION_MS"),
    "reconnectionJitter": .header("ES_OPTION_RECONNECTION_JITTER_PERCENT"),
    "maximumStreamDuration": .header("ES_OPTION_MAXIMUM_STREAM_MS"),
    "streamDurationJitter": .header("ES_OPTION_STREAM_JITTER_PERCENT"),
    "stallTimeout": .header("ES_OPTION_STALL_MS"),
    "coalescingWindow": .header("ES_OPTION_COALESCING_MS"),
    "compression": .header("ES_OPTION_GZIP_LEVEL"),
    "reauthorizationInterval": .header("ES_OPTION_REAUTHORIZATION_MS"),
    "crossOrigin": .header("es_config_allow_origin"),
    "retryAfter": .header("ES_OPTION_RETRY_AFTER_MS"),
    "openingComment": .header("ES_TEXT_OPENING_COMMENT"),
    "fields": .header("es_config_add_field"),
  ]

  private static let crossOrigin: [String: Place] = [
    "origins": .header("es_config_set_origins"),
    "allowsCredentials": .header("ES_OPTION_ALLOWS_CREDENTIALS"),
    "preflightAge": .header("ES_OPTION_PREFLIGHT_AGE_MS"),
    "allowedMethods": .header("ES_LIST_ALLOWED_METHODS"),
    "allowedFields": .header("ES_LIST_ALLOWED_FIELDS"),
    "exposedFields": .header("ES_LIST_EXPOSED_FIELDS"),
    "allowsPrivateNetwork": .header("ES_OPTION_ALLOWS_PRIVATE_NETWORK"),
  ]

  private static let runs: [String: Place] = [
    "maximumRuns": .header("ES_OPTION_MAXIMUM_RUNS"),
    "maximumBytesPerRun": .header("ES_OPTION_MAXIMUM_BYTES_PER_RUN"),
    "memoryLimit": .header("ES_OPTION_RUNS_MEMORY_LIMIT"),
    "writeTimeout": .header("ES_OPTION_RUN_WRITE_TIMEOUT_MS"),
    "producerTimeout": .header("ES_OPTION_RUN_PRODUCER_TIMEOUT_MS"),
    "maximumDuration": .header("ES_OPTION_MAXIMUM_RUN_MS"),
    "unwatchedLimit": .header("ES_OPTION_UNWATCHED_LIMIT_MS"),
    "stopGrace": .header("ES_OPTION_STOP_GRACE_MS"),
    "retention": .header("ES_OPTION_RUN_RETENTION_MS"),
    "announcesID": .header("ES_OPTION_ANNOUNCES_RUN_ID"),
    "repository": .leftOut(because: "es_config_set_history of eventsource-sqlite.h sets it"),
    "streams": .header("ES_CONFIG_RUNS"),
    "responseAfterEnd": .header("ES_OPTION_STATUS_AFTER_END"),
    "withoutEventStreams": .header("ES_OPTION_WITHOUT_EVENT_STREAMS"),
  ]

  private static let grant: [String: Place] = [
    "expiresAfter": .header("expires_after_ms"), "identity": .header("identity"), "channels": .header("channels"),
    "aliases": .header("aliases"),
  ]

  @Test func everySwiftOptionIsInTheHeaderOrLeftOutForAReason() throws {
    let header = try text(of: "../../Sources/CEventSource/eventsource.h")
    for (value, places) in [
      (EventHub.Configuration() as Any, Self.hub), (Retention(), Self.retention),
      (ChannelConfiguration(), Self.channel),
      (EventStreamHandler.Configuration(), Self.streams), (CrossOriginPolicy.sameOriginOnly, Self.crossOrigin),
      (ChannelGrant(), Self.grant), (RunCollection.Configuration(), Self.runs),
    ] {
      #expect(Set(Mirror(reflecting: value).children.compactMap(\.label)) == Set(places.keys), "\(type(of: value))")
      for (property, place) in places {
        switch place {
        case .header(let name): #expect(header.contains(name), "\(property) is to be \(name)")
        case .leftOut(let reason): #expect(!reason.isEmpty)
        }
      }
    }
  }

  private func text(of path: String, besides file: String = #filePath) throws -> String {
    let folder = file.split(separator: "/").dropLast().joined(separator: "/")
    let opened = try #require(fopen("/\(folder)/\(path)", "r"))
    defer { fclose(opened) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, opened)], as: UTF8.self)
  }
}
