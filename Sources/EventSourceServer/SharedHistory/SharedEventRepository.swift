public import EventSourceFormat

/// A history that several processes share: it orders the channel's events, and each hub follows that order.
///
/// A hub follows a channel while it has readers of it. What other processes record then comes in through an
/// ``EventFeed``; what the feed loses, the hub asks for. The promises to readers are those of a hub alone: a reader may
/// return to any process.
///
/// Give one to every channel by ``EventHub/Configuration/repositoryProvider``. Calls come from tasks of the hub. Each
/// must end, by its answer or an error: after ``EventHub/Configuration/recordingTimeout`` the hub cancels the task and
/// asks again. `SharedRepositoryContract` in EventSourceTesting checks the rules of this protocol.
public protocol SharedEventRepository: RecordingEventRepository {
  /// Appends events to a channel in this order, all of them or none. They get contiguous positions of one epoch.
  ///
  /// The hub makes one call at a time for a channel; other processes append at the same time. An event with an ID keeps
  /// it. The repository gives the others new IDs, different from all that the channel has had.
  ///
  /// - Returns: The places of the events, in the same order.
  /// - Throws: Any error if the events were not recorded. ``PublishError/outcomeUnknown(_:)`` if nobody can say.
  func append(_ events: [SharedPublication], to channel: ChannelName) async throws -> [SharedPlace]

  /// Begins to tell a feed what is recorded in a channel, by any process.
  ///
  /// When it returns, everything that is recorded from then on reaches the feed, or the feed is told that something was
  /// lost.
  func follow(_ channel: ChannelName, into feed: EventFeed) async throws

  /// Stops telling a feed. Must return at once. Also called for a feed for which ``follow(_:into:)`` has failed or has
  /// not returned, and then once more when it has.
  func unfollow(_ channel: ChannelName, feed: EventFeed)

  /// Returns the place of a channel's newest event that is or was in the history; nil: there never was one.
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

/// What a shared history has after a position.
public enum SharedAnswer: Sendable, Hashable {
  /// The events directly after it, without a gap; the epoch may change between them. Empty means that there are no
  /// later ones.
  case contiguous([SharedEvent])
  /// Events after it are gone, or it is not a position of this history.
  case gap
}

extension SharedEventRepository {
  /// Appends events without keys, and returns their IDs.
  public func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    try await append(events.map { SharedPublication($0) }, to: channel).map(\.id)
  }
}
