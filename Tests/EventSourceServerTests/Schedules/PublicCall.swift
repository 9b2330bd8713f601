/// The calls of hub, lane, session and handler, and combinations of them.
enum PublicCall: String, CaseIterable {
  case publish, publishToSeveral, publishComment, publishPublished, publishOffered, publishSeveralAwaited
  case publishWithKey, publishTwiceNamed, cancelAwaited, publishWhileDelivering
  case open, openOpen, remove, removeWhileHistoryIsAsked, reopen
  case setRepository, removeRepository, removeRepositoryDisconnecting
  case reconfigure, channelPage, forEachChannel, channel, handlePublish, handlePublishAwaited, handlePublishComment
  case handleStatistics, handleReconfigure, handleRemove
  case close, drain, makeLane, revokeIdentity, revokeIdentityInChannel, revokeMatching, statistics, idPrefix
  case run, laneDrain, laneClose, laneRelease, readerCount
  case serve, becameWritable, peerDisconnected, sessionDrain, isFinished, validate, restart, restartWithSamePrefix

  /// The functions that the public types declare, by name.
  static let functions: [String: PublicCall] = [
    "publish": .publish, "openChannel": .open, "removeChannel": .remove, "remove": .handleRemove,
    "setRepository": .setRepository, "removeRepository": .removeRepository,
    "close": .close, "drain": .drain, "makeLane": .makeLane, "revokeStreams": .revokeMatching, "run": .run,
    "serve": .serve,
    "reconfigure": .reconfigure, "channelPage": .channelPage, "forEachChannel": .forEachChannel, "channel": .channel,
    "becameWritable": .becameWritable, "peerDisconnected": .peerDisconnected, "validate": .validate,
    "statistics": .statistics,
  ]
}

/// The outcomes of publishing.
enum PublishOutcome: String, CaseIterable {
  case published, unknownChannel, tooManyChannels, eventTooLarge, unusableID, generatedID, recordingChannel
  case channelRemoved, wrongRecording, recordingBacklog, outcomeUnknown, closed, canceled, formatError, repositoryError
}

/// The kinds of IDs that an application assigns to its events.
enum OwnIDKind: String, CaseIterable {
  case none, unique, repeated, odd, long, tooLong, forwarded, ofThisChannel, ofAnEarlierLife, future, control
  case outerSpace, composite
}
