import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct SQLiteContractTests {
  @Test(arguments: RepositoryContract.checks)
  func theContractIsKept(_ check: RepositoryContract.Check) async throws {
    let folder = try TemporaryFolder()
    let harness = RecordingRepositoryHarness(close: { await $0.close() }) { limit in
      try SQLiteEventRepository(path: folder.file(), configuration: .test { $0.retention.maximumEvents = limit })
    }
    try await check.verify(harness)
  }
}
