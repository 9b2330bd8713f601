public import EventSourceFormat
public import EventSourceServer

/// A harness for a repository that records: what it takes to make one is all that is needed.
public struct RecordingRepositoryHarness<Repository: RecordingEventRepository>: RepositoryHarness {
  private let make: @Sendable (Int?) async throws -> Repository?
  private let remove: (@Sendable (ChannelName, Repository) async throws -> Void)?
  private let end: @Sendable (Repository) async -> Void

  /// Makes a harness.
  ///
  /// - Parameters:
  ///   - close: Releases what a repository holds.
  ///   - removeAll: Removes a channel's events; nil: the repository has no means for that.
  ///   - make: Makes an empty repository that keeps about so many events per channel, as
  ///     ``RepositoryHarness/makeRepository(holding:)`` has it.
  public init(
    close: @escaping @Sendable (Repository) async -> Void = { _ in },
    removeAll: (@Sendable (ChannelName, Repository) async throws -> Void)? = nil,
    make: @escaping @Sendable (_ limit: Int?) async throws -> Repository?
  ) {
    self.make = make
    remove = removeAll
    end = close
  }

  /// Makes an empty repository.
  public func makeRepository(holding limit: Int?) async throws -> (any EventRepository)? { try await make(limit) }

  /// Adds events by the repository's own `append`.
  public func append(
    _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
  ) async throws -> [EventID] {
    try await own(repository).append(events, to: channel)
  }

  /// Removes a channel's events, if the harness was told how.
  public func removeAll(in channel: ChannelName, from repository: any EventRepository) async throws -> Bool {
    guard let remove else { return false }
    try await remove(channel, own(repository))
    return true
  }

  /// Closes the repository.
  public func close(_ repository: any EventRepository) async { await end(own(repository)) }

  private func own(_ repository: any EventRepository) -> Repository {
    guard let repository = repository as? Repository else { preconditionFailure("another harness made this") }
    return repository
  }
}
