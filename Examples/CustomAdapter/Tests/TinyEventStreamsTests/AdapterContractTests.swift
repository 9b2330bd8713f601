import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing
import TinyEventStreams
import TinyHTTP

@Suite(.serialized) struct AdapterContractTests {
  @Test(arguments: AdapterContract.checks)
  func theAdapterKeepsItsContract(check: AdapterContract.Check) async throws {
    try await check.run(over: TinyHarness())
  }
}

private struct TinyHarness: AdapterHarness {
  func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter { try RunningServer(handler) }
}
