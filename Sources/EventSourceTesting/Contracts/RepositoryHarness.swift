public import EventSourceFormat
public import EventSourceServer

/// What a person makes their repository with, for ``RepositoryContract`` to check it.
///
/// The contract never calls two of these at a time, except `append` beside reads and `append` to different channels.
public protocol RepositoryHarness: Sendable {
  /// Makes an empty repository.
  ///
  /// - Parameter limit: nil: it keeps everything that a check adds, at most 5,000 small events. Otherwise it evicts
  ///   the oldest events of a channel when it has clearly more than this many, by the time that twenty times as many
  ///   were added; a harness whose repository never evicts an event returns nil for that.
  func makeRepository(holding limit: Int?) async throws -> (any EventRepository)?

  /// Adds events at a channel's end, in this order, as publishing would, and returns their IDs.
  func append(
    _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
  ) async throws -> [EventID]

  /// Removes every event of a channel, as the repository's own means for that do.
  ///
  /// - Returns: Whether the repository has such means. Without an implementation of your own: false.
  func removeAll(in channel: ChannelName, from repository: any EventRepository) async throws -> Bool

  /// The check is over, and uses the repository no more.
  func close(_ repository: any EventRepository) async
}

extension RepositoryHarness {
  /// Returns false: the repository has no means to remove a channel's events.
  public func removeAll(in channel: ChannelName, from repository: any EventRepository) async throws -> Bool { false }
}
