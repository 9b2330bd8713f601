import EventSourceServer
import EventSourceZlib

/// The drawn configuration of one endpoint. Either one or two options differ from the defaults, or many.
struct EndpointDraw {
  private(set) var configuration = EventStreamHandler.Configuration()

  init(
    _ focus: ScheduleOptions.Focus, _ names: [ChannelName], _ snapshots: ScheduleSnapshots,
    _ random: inout SeededRandom,
    note: (EndpointOption) -> Void
  ) {
    var options: [EndpointOption] = []
    if focus == .coalescing { options.append(.coalescingWindow) }
    if focus == .authorization { options.append(.reauthorizationInterval) }
    if focus == .hanging, random.isOnce(in: 3) { options.append(.gapPolicy) }
    if focus == .roomy || focus == .manyChannels, random.isOnce(in: 3) { options.append(.replaysToNewReaders) }
    let count = random.one(of: [0, 1, 1, 2, 4, 8])
    let drawable = EndpointOption.allCases.filter { !EndpointOption.others.contains($0) && $0 != .compression }
    for _ in 0..<count { options.append(random.one(of: drawable)) }
    for option in options {
      draw(option, names, snapshots, &random)
      note(option)
    }
    // From numbers of its own, so that compression changes nothing else of a schedule.
    var other = random
    if other.isOnce(in: 2) {
      draw(.compression, names, snapshots, &other)
      note(.compression)
    }
    switch configuration.gapPolicy {
    case .replayAvailable: note(.replayAvailable)
    case .liveOnly: note(.liveOnly)
    case .reject: note(.refuse)
    case .snapshot: note(.snapshot)
    }
    switch configuration.missingChannel {
    case .notFound: break
    case .finished: note(.finished)
    case .waits: note(.waits)
    }
    if let compression = configuration.compression {
      note(compression.sharing == .perChannel ? .perChannel : .perStream)
    }
    note(configuration.channelRemoval == .endsStream ? .endsStream : .endsChannel)
  }

  private mutating func draw(
    _ option: EndpointOption, _ names: [ChannelName], _ snapshots: ScheduleSnapshots, _ random: inout SeededRandom
  ) {
    switch option {
    case .channels: configuration.channels = [names[0]]
    case .channelQueryItem: configuration.channelQueryItem = random.one(of: [nil, "topic"])
    case .addsChannelsFromQuery: configuration.addsChannelsFromQuery = true
    case .maximumChannelsPerStream: configuration.maximumChannelsPerStream = max(names.count, random.one(of: [1, 256]))
    case .lastEventIDQueryItems: configuration.lastEventIDQueryItems = random.one(of: [[], ["after"]])
    case .maximumLastEventIDBytes: configuration.maximumLastEventIDBytes = random.one(of: [1, 70, 1 << 20, .max])
    case .replaysToNewReaders: configuration.replaysToNewReaders = true
    case .gapPolicy:
      configuration.gapPolicy = random.one(of: [.liveOnly, .reject(status: 410), .snapshot(snapshots)])
    case .snapshotForNewReaders: configuration.snapshotForNewReaders = snapshots
    case .channelRemoval: configuration.channelRemoval = .endsChannel
    case .heartbeatInterval:
      configuration.heartbeatInterval = random.one(of: [nil, .seconds(1), .milliseconds(1), .seconds(Int64.max)])
    case .reconnectionTime: configuration.reconnectionTime = random.one(of: [.zero, .seconds(1), .seconds(86_400)])
    case .reconnectionJitter: configuration.reconnectionJitter = random.one(of: [0, 1])
    case .maximumStreamDuration:
      configuration.maximumStreamDuration = random.one(of: [.seconds(4), .seconds(40), .seconds(Int64.max)])
    case .streamDurationJitter: configuration.streamDurationJitter = random.one(of: [0, 0.99])
    case .stallTimeout: configuration.stallTimeout = random.one(of: [.seconds(3), .seconds(Int64.max)])
    case .coalescingWindow: configuration.coalescingWindow = random.one(of: [.milliseconds(50), .seconds(5)])
    case .reauthorizationInterval: configuration.reauthorizationInterval = random.one(of: [.seconds(1), .seconds(4)])
    case .crossOrigin:
      configuration.crossOrigin = random.one(of: [
        CrossOriginPolicy(.any), CrossOriginPolicy(.listed(["https://a.example"]), allowsCredentials: true),
        CrossOriginPolicy(.matching { $0.hasSuffix(".example") }),
      ])
    case .retryAfter: configuration.retryAfter = random.one(of: [.zero, .seconds(86_400)])
    case .openingComment: configuration.openingComment = random.one(of: [nil, "hello"])
    case .fields: configuration.fields = [HeaderField("X-Own", "1")]
    case .missingChannel:
      configuration.missingChannel = random.one(of: [
        .finished, .waits(upTo: .seconds(5)), .waits(upTo: .seconds(Int64.max)),
      ])
    case .compression:
      // The smallest fits into the smallest hub.
      let small = try! ZlibCompressor(level: 1, windowBits: 9, memoryLevel: 1)
      configuration.compression = EventStreamCompression(
        random.one(of: [small, small, ZlibCompressor()]),
        sharing: random.one(of: [.perChannel, .perChannel, .perChannel, .perStream]))
    case .replayAvailable, .liveOnly, .refuse, .snapshot, .endsStream, .endsChannel, .finished, .waits, .perChannel,
      .perStream:
      break
    }
  }
}
