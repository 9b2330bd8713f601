internal import EventSourceServer

/// What every `EventRepository` promises: each check fills a new repository and asks for what it holds.
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
    /// - Parameters:
    ///   - harness: Creates the repository.
    ///   - limit: The maximum duration of a call to the repository. A call that has not returned by then is abandoned
    ///     with its repository, because it may ignore cancellation.
    /// - Throws: ``ContractViolation``, which names the check if a call has not returned; or what the harness throws.
    public func run(over harness: some RepositoryHarness, within limit: Duration = .seconds(60)) async throws {
      let outcome = FirstOutcome()
      let progress = CallProgress()
      let work = Task { outcome.end(with: await perform(over: harness, progress)) }
      let deadline = Task {
        let limit = min(limit, .seconds(1 << 30))
        while case let rest = progress.rest(of: limit), rest > .zero { try await Task.sleep(for: rest) }
        outcome.end(
          with: .failure(
            ContractViolation(
              "the check \"\(description)\" has not ended: a call to the repository has not returned within \(limit)")))
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

    private func perform(over harness: some RepositoryHarness, _ progress: CallProgress) async -> FirstOutcome.Ending {
      do {
        guard let repository = try await harness.makeRepository(holding: limit) else {
          try require(limit != nil, "the harness makes no repository that keeps everything")
          return .success(())
        }
        let result: FirstOutcome.Ending
        do {
          result = .success(try await body(Archive(repository: repository, harness: harness, progress: progress)))
        } catch {
          result = .failure(error)
        }
        progress.note()
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
