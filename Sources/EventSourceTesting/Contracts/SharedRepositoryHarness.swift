public import EventSourceServer

/// What a person makes their shared repository with, for ``SharedRepositoryContract`` to check it.
public protocol SharedRepositoryHarness: Sendable {
  /// Makes so many repositories over one empty store, as that many processes would have them.
  func makeRepositories(_ count: Int) async throws -> [any SharedEventRepository]

  /// Lets messages on their way to feeds arrive. Without an implementation of your own: they arrive by themselves.
  func deliver() async

  /// The check is over, and uses the repositories no more.
  func close(_ repositories: [any SharedEventRepository]) async
}

extension SharedRepositoryHarness {
  /// Does nothing: messages arrive by themselves.
  public func deliver() async {}
}
