public import EventSourceServer

/// Creates the repositories that a ``SharedRepositoryContract`` checks.
public protocol SharedRepositoryHarness: Sendable {
  /// Creates `count` repositories over one empty store, like those of `count` processes.
  func makeRepositories(_ count: Int) async throws -> [any SharedEventRepository]

  /// Delivers messages that are on their way to feeds. The default implementation does nothing, for stores whose
  /// messages arrive by themselves.
  func deliver() async

  /// Releases the repositories after a check.
  func close(_ repositories: [any SharedEventRepository]) async
}

extension SharedRepositoryHarness {
  /// Does nothing, because messages arrive by themselves.
  public func deliver() async {}
}
