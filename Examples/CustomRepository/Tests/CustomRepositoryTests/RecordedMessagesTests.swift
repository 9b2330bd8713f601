import EventSourceServer
import EventSourceTesting
import Testing

@testable import CustomRepository

@Suite struct RecordedMessagesTests {
  @Test(arguments: RepositoryContract.checks)
  func theHistoryKeepsItsContract(check: RepositoryContract.Check) async throws {
    // It evicts nothing, so it has no repository for a limit.
    try await check.verify(RecordingRepositoryHarness { limit in limit == nil ? RecordedMessages() : nil })
  }
}
