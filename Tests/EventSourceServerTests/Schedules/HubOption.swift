/// The drawn options of `EventHub.Configuration`, by the names of its properties, followed by further choices.
enum HubOption: String, CaseIterable {
  case channelCreation, maximumChannels, retention, channelDefaults, memoryLimit, maximumEventBytes, maximumReaders
  case maximumReadersPerChannel, maximumReadersPerCaller, recordingTimeout, taskExecutor, idPrefix, seed,
    repositoryProvider
  case occupancyObservers, occupancyLinger
  case logger, retentionBytes, retentionEvents, retentionAge

  /// The options that are not properties of the configuration.
  static let others: Set<HubOption> = [.logger, .retentionBytes, .retentionEvents, .retentionAge]
}

/// The drawn options of `ChannelConfiguration`, followed by the policies for slow readers.
enum ChannelOption: String, CaseIterable {
  case slowReaders, maximumBacklogBytes, maximumLag, coalescingWindow, retention
  case disconnect, skipToNewest, newestPerKey, longName, oddName

  static let others: Set<ChannelOption> = [.disconnect, .skipToNewest, .newestPerKey, .longName, .oddName]
}

/// The drawn options of `EventStreamHandler.Configuration`, followed by values of some options.
enum EndpointOption: String, CaseIterable {
  case channels, channelQueryItem, addsChannelsFromQuery, maximumChannelsPerStream, lastEventIDQueryItems
  case maximumLastEventIDBytes, replaysToNewReaders, gapPolicy, snapshotForNewReaders, channelRemoval
  case heartbeatInterval, reconnectionTime, reconnectionJitter, maximumStreamDuration, streamDurationJitter
  case stallTimeout, coalescingWindow, reauthorizationInterval, crossOrigin, retryAfter, openingComment, fields
  case missingChannel, compression
  case replayAvailable, liveOnly, refuse, snapshot, endsStream, endsChannel, finished, waits, perChannel, perStream

  static let others: Set<EndpointOption> = [
    .replayAvailable, .liveOnly, .refuse, .snapshot, .endsStream, .endsChannel, .finished, .waits, .perChannel,
    .perStream,
  ]
}

/// The behaviors of authorizers.
enum GrantOption: String, CaseIterable {
  case expiresAfter, identity, channels, aliases
  case noAuthorizer, refused, finished, failing, hanging, ended, revokesOlder, again

  static let others: Set<GrantOption> = [
    .noAuthorizer, .refused, .finished, .failing, .hanging, .ended, .revokesOlder, .again,
  ]
}
