import EventSourceTesting
import Testing

@Suite(.serialized) struct EvhttpContractTests {
  @Test(arguments: AdapterContract.checks)
  func theContractHolds(check: AdapterContract.Check) async throws {
    try await check.verify(EvhttpHarness())
  }
}
