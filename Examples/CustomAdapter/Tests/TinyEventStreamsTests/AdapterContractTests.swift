import EventSourceServer
import EventSourceTesting
import Testing

@Suite(.serialized) struct AdapterContractTests {
  @Test(arguments: AdapterContract.checks)
  func theAdapterKeepsItsContract(check: AdapterContract.Check) async throws {
    try await check.verify(TinyHarness())
  }
}

private struct TinyHarness: AdapterHarness {
  func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter { try RunningServer(handler) }
}
