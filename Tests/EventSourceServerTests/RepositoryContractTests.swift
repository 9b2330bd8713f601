import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct RepositoryContractTests {
  static let inMemory = RecordingRepositoryHarness { limit in
    InMemoryEventRepository(maximumEvents: limit ?? 10_000, maximumBytes: 64 << 20)
  }

  @Test(arguments: RepositoryContract.checks)
  func theInMemoryHistoryKeepsTheContract(_ check: RepositoryContract.Check) async throws {
    try await check.run(over: Self.inMemory)
  }

  /// A repository that is read only, and filled by other means.
  @Test(arguments: RepositoryContract.checks)
  func aRepositoryThatIsReadOnlyIsChecked(_ check: RepositoryContract.Check) async throws {
    try await check.run(over: ReadOnlyHarness())
  }

  @Test(arguments: FlawedRepository.Flaw.allCases)
  func aFlawIsFound(_ flaw: FlawedRepository.Flaw) async {
    let harness = RecordingRepositoryHarness { FlawedRepository(flaw, holding: $0) }
    var violations: [String] = []
    for check in RepositoryContract.checks {
      do { try await check.run(over: harness) } catch { violations.append("\(check): \(error)") }
    }
    #expect(!violations.isEmpty, "\(flaw) is not found")
  }

  private struct ReadOnly: EventRepository {
    let filled: InMemoryEventRepository
    func events(for request: ReplayRequest) async throws -> ReplayAnswer { filled.events(for: request) }
  }

  private struct ReadOnlyHarness: RepositoryHarness {
    func makeRepository(holding limit: Int?) async throws -> (any EventRepository)? {
      limit == nil ? ReadOnly(filled: InMemoryEventRepository(maximumEvents: 10_000, maximumBytes: 64 << 20)) : nil
    }

    func append(
      _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
    ) async throws -> [EventID] {
      (repository as? ReadOnly)?.filled.append(events, to: channel) ?? []
    }

    func close(_ repository: any EventRepository) async {}
  }
}
