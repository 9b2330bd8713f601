internal import EventSourceServer

/// What every ``EventRepository`` promises: each check fills a new repository and asks for what it holds.
///
/// Run each of ``checks`` as a test case of your own; a check that does not hold throws a ``ContractViolation``.
public struct RepositoryContract: Sendable {
  /// One promise.
  public struct Check: Sendable, CustomStringConvertible {
    /// The promise in words.
    public let description: String
    private let limit: Int?
    private let body: @Sendable (Archive) async throws -> Void

    init(_ description: String, holding limit: Int? = nil, _ body: @escaping @Sendable (Archive) async throws -> Void) {
      self.description = description
      self.limit = limit
      self.body = body
    }

    /// Runs the check over a repository, in a second or so. A promise about evicting or removing events holds for a
    /// repository that does neither.
    ///
    /// - Parameter limit: How long the check may take. A call that does not return, also when its task is canceled, is
    ///   left behind then, with its repository.
    /// - Throws: ``ContractViolation``, which names the check if it has not ended in time; or what the harness throws.
    public func run(over harness: some RepositoryHarness, within limit: Duration = .seconds(60)) async throws {
      let outcome = FirstOutcome()
      let work = Task { outcome.end(with: await perform(over: harness)) }
      let deadline = Task {
        try await Task.sleep(for: min(max(limit, .zero), .seconds(1 << 30)))
        outcome.end(
          with: .failure(
            ContractViolation(
              "the check \"\(description)\" has not ended within \(limit); a call to the repository does not return")))
      }
      defer {
        work.cancel()
        deadline.cancel()
      }
      try await withTaskCancellationHandler {
        try await outcome.value()
      } onCancel: {
        outcome.end(with: .failure(CancellationError()))
      }
    }

    private func perform(over harness: some RepositoryHarness) async -> Result<Void, any Error> {
      do {
        guard let repository = try await harness.makeRepository(holding: limit) else {
          try require(limit != nil, "the harness makes no repository that keeps everything")
          return .success(())
        }
        let result: Result<Void, any Error>
        do {
          result = .success(try await body(Archive(repository: repository, harness: harness)))
        } catch {
          result = .failure(error)
        }
        await harness.close(repository)
        return result
      } catch {
        return .failure(error)
      }
    }
  }

  /// All promises.
  public static let checks: [Check] =
    orderChecks + identityChecks + soundIDChecks + contentChecks + concurrencyChecks + retentionChecks + removalChecks
}
