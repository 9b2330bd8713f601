public import EventSourceFormat
public import EventSourceServer

/// Creates the repositories that a ``RepositoryContract`` checks. Implement it for your repository.
///
/// The contract never calls two of these functions concurrently, except `append` during reads and `append` to different
/// channels.
public protocol RepositoryHarness: Sendable {
  /// Creates an empty repository.
  ///
  /// - Parameter limit: `nil` means that the repository keeps everything that a check adds, at most 5,000 small events.
  ///   Otherwise, the repository must evict the oldest events of a channel when it has clearly more than this many, at
  ///   the latest when twenty times as many were added. If the repository never evicts events, return `nil` for such a
  ///   limit.
  func makeRepository(holding limit: Int?) async throws -> (any EventRepository)?

  /// Appends events to a channel, in this order, as publishing would. Returns their IDs.
  func append(
    _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
  ) async throws -> [EventID]

  /// Removes every event of a channel, by the repository's own means.
  ///
  /// - Returns: Whether the repository can do that. The default implementation returns `false`.
  func removeAll(in channel: ChannelName, from repository: any EventRepository) async throws -> Bool

  /// Releases a repository after a check.
  func close(_ repository: any EventRepository) async
}

extension RepositoryHarness {
  /// Returns `false`, because the repository cannot remove a channel's events.
  public func removeAll(in channel: ChannelName, from repository: any EventRepository) async throws -> Bool { false }
}
