import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct RepositoryContractTests {
  static let inMemory = RecordingRepositoryHarness(removeAll: { $1.removeAll(in: $0) }) { limit in
    InMemoryEventRepository(maximumEvents: limit ?? 10_000, maximumBytes: 64 << 20)
  }

  @Test(arguments: RepositoryContract.checks)
  func theInMemoryHistoryKeepsTheContract(_ check: RepositoryContract.Check) async throws {
    try await check.verify(Self.inMemory, within: .seconds(600))
  }

  /// A read-only repository, which is filled by other means.
  @Test(arguments: RepositoryContract.checks)
  func aRepositoryThatIsReadOnlyIsChecked(_ check: RepositoryContract.Check) async throws {
    try await check.verify(ReadOnlyHarness(), within: .seconds(600))
  }

  private static let hanging: [FlawedRepository.Flaw] = [.hangsWhenAsked, .hangsWhenAddedTo, .hangsWhenCanceled]

  @Test(arguments: FlawedRepository.Flaw.allCases.filter { !hanging.contains($0) })
  func aFlawIsFound(_ flaw: FlawedRepository.Flaw) async {
    let harness = Self.harness(flaw)
    var violations: [String] = []
    for check in RepositoryContract.checks {
      do { try await check.verify(harness) } catch { violations.append("\(check): \(error)") }
    }
    #expect(!violations.isEmpty, "\(flaw) is not found")
  }

  @Test(
    arguments: [
      (.comparesCharacters, "IDs that differ only in Unicode normalization are different"),
      (.findsTheOldest, "a repeated ID refers to its newest event, in whichever batch"),
      (.forgetsARepeatedIDWithItsOldestEvent, "a repeated ID is found after its first event has been evicted"),
      (.cutsLongIDs, "an ID of 1,024 bytes is stored and found"),
      (.acceptsFlawedIDs, "an ID that no reader can send back is rejected with its whole addition"),
      (.refusesFlawedIDsByAnotherError, "an ID that no reader can send back is rejected with its whole addition"),
      (.recordsWhatIsBeforeAFlawedID, "an ID that no reader can send back is rejected with its whole addition"),
      (.countsAgainAfterRemoval, "no ID is reused after a channel's events have been removed"),
      (.hidesARemoval, "removed events are never skipped silently"),
      (.removesOtherChannelsToo, "removing one channel's events does not affect other channels"),
    ] as [(FlawedRepository.Flaw, String)])
  func aFlawIsFoundByTheCheckForIt(_ flaw: FlawedRepository.Flaw, _ description: String) async throws {
    let check = try #require(RepositoryContract.checks.first { $0.description == description })
    await #expect(throws: ContractViolation.self) { try await check.verify(Self.harness(flaw)) }
  }

  @Test(
    arguments: [
      (.hangsWhenAsked, "a read after each event returns exactly the events that follow it"),
      (.hangsWhenAddedTo, "channels are independent"),
      (.hangsWhenCanceled, "a cancelled read ends, and the next read succeeds"),
    ] as [(FlawedRepository.Flaw, String)])
  func aCheckOfARepositoryThatHangsEndsAndIsNamed(_ flaw: FlawedRepository.Flaw, _ description: String) async throws {
    let check = try #require(RepositoryContract.checks.first { $0.description == description })
    let repository = FlawedRepository(flaw, holding: nil)
    let error = await #expect(throws: ContractViolation.self) {
      try await check.verify(RecordingRepositoryHarness { _ in repository }, within: .milliseconds(100))
    }
    let text = error?.description ?? ""
    #expect(text.contains("\"\(description)\" did not finish") && text.contains("0.1 seconds"), "\(text)")
    repository.release()
  }

  /// The test's task is cancelled, as its own time limit would do.
  @Test func aCheckEndsWhenItsTaskIsCanceled() async {
    let repository = FlawedRepository(.hangsWhenAsked, holding: nil)
    let run = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await RepositoryContract.checks[0].verify(RecordingRepositoryHarness { _ in repository })
    }
    await #expect(throws: CancellationError.self) { try await run.value }
    repository.release()
  }

  private static func harness(_ flaw: FlawedRepository.Flaw) -> RecordingRepositoryHarness<FlawedRepository> {
    RecordingRepositoryHarness(removeAll: { $1.removeAll(in: $0) }) { FlawedRepository(flaw, holding: $0) }
  }

  private struct ReadOnlyHarness: RepositoryHarness {
    func makeRepository(holding limit: Int?) async throws -> (any EventRepository)? {
      guard limit == nil else { return nil }
      return ReadOnlyRepository(filled: InMemoryEventRepository(maximumEvents: 10_000, maximumBytes: 64 << 20))
    }

    func append(
      _ events: [ServerSentEvent], to channel: ChannelName, in repository: any EventRepository
    ) async throws -> [EventID] {
      (repository as? ReadOnlyRepository)?.filled.append(events, to: channel) ?? []
    }

    func close(_ repository: any EventRepository) async {}
  }
}
