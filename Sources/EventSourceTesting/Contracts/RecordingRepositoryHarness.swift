public import EventSourceFormat
public import EventSourceServer

/// A harness for a recording repository. It only needs a function that creates one.
public struct RecordingRepositoryHarness<Repository: RecordingEventRepository>: RepositoryHarness {
  private let make: @Sendable (Int?) async throws -> Repository?
  private let remove: (@Sendable (ChannelName, Repository) async throws -> Void)?
  private let end: @Sendable (Repository) async -> Void

  /// Creates a harness.
  ///
  /// - Parameters:
  ///   - close: Releases the resources of a repository.
  ///   - removeAll: Removes a channel's events. `nil` means that the repository cannot do that.
  ///   - make: Creates an empty repository that keeps about `limit` events per channel. See
  ///     ``RepositoryHarness/makeRepository(holding:)``.
  public init(
    close: @escaping @Sendable (Repository) async -> Void = { _ in },
    removeAll: (@Sendable (ChannelName, Repository) async throws -> Void)? = nil,
    make: @escaping @Sendable (_ limit: Int?) async throws -> Repository?
  ) {
    self.make = make
    remove = removeAll
    end = close
  }

  /// Creates an empty repository.
  public func makeRepository(holding limit: Int?) async throws -> (any EventRepository)? { try await make(limit) }

  /// Adds events with the repository's own `append`.
  public func append(
    _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
  ) async throws -> [EventID] {
    try await own(repository).append(events, to: channel)
  }

  /// Removes a channel's events, if the harness has a function for that.
  public func removeAll(in channel: ChannelName, from repository: any EventRepository) async throws -> Bool {
    guard let remove else { return false }
    try await remove(channel, own(repository))
    return true
  }

  /// Closes the repository.
  public func close(_ repository: any EventRepository) async { await end(own(repository)) }

  private func own(_ repository: any EventRepository) -> Repository {
    guard let repository = repository as? Repository else { preconditionFailure("another harness created this") }
    return repository
  }
}
