public import EventSourceFormat

/// A history that several processes share. It orders the channel's events, and each hub follows that order.
///
/// A hub follows a channel while the channel has readers. Events that other processes record then arrive through an
/// ``EventFeed``. If the feed loses events, the hub requests them. Readers get the same guarantees as from a single
/// hub, and may return to any process.
///
/// Provide it for every channel with ``EventHub/Configuration/repositoryProvider``. Calls come from tasks of the hub.
/// Each call must return or throw. After ``EventHub/Configuration/recordingTimeout`` the hub cancels the task and tries
/// again. `SharedRepositoryContract` in EventSourceTesting checks the rules of this protocol.
public protocol SharedEventRepository: RecordingEventRepository {
  /// Appends events to a channel in this order, all of them or none. They get contiguous positions in one epoch.
  ///
  /// The hub makes one call at a time for a channel; other processes append at the same time. An event with an ID keeps
  /// it. The repository gives the others new IDs, different from all that the channel has had.
  ///
  /// - Returns: The places of the events, in the same order.
  /// - Throws: Any error if the events were not recorded. ``PublishError/outcomeUnknown(_:)`` if that is unknown.
  func append(_ events: [SharedPublication], to channel: ChannelName) async throws -> [SharedPlace]

  /// Begins to deliver the events that any process records in a channel to a feed.
  ///
  /// After this returns, every event recorded from then on reaches the feed, or the feed is notified that events may
  /// have been lost.
  func follow(_ channel: ChannelName, into feed: EventFeed) async throws

  /// Stops delivering to a feed. It must return immediately. The hub also calls it for a feed for which
  /// ``follow(_:into:)`` has failed or not returned yet, and in that case again when it has returned.
  func unfollow(_ channel: ChannelName, feed: EventFeed)

  /// Returns the place of the newest event that the channel's history ever had, or `nil` if it never had one.
  func newestPlace(in channel: ChannelName) async throws -> SharedPlace?

  /// Returns the events strictly after a position, oldest first.
  ///
  /// - Parameters:
  ///   - position: A position in the channel's order. ``SharedPosition/beginning`` comes before the first event that
  ///     the channel ever had.
  ///   - channel: The channel.
  ///   - maximumEvents: The maximum number of events to return, at least 1.
  ///   - maximumBytes: The approximate maximum bytes of data to return. One event is returned even if it has more.
  func events(
    after position: SharedPosition, in channel: ChannelName, maximumEvents: Int, maximumBytes: Int
  ) async throws -> SharedAnswer
}

/// A shared history's result for the events after a position.
public enum SharedAnswer: Sendable, Hashable {
  /// The events directly after the position, without a gap. The epoch may change between them. Empty means that there
  /// are no later events.
  case contiguous([SharedEvent])
  /// Events after the position were discarded, or the position is not in this history.
  case gap
}

extension SharedEventRepository {
  /// Appends events without keys, and returns their IDs.
  public func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    try await append(events.map { SharedPublication($0) }, to: channel).map(\.id)
  }
}
