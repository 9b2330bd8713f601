import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct SharedRepositoryContractTests {
  private struct Harness: SharedRepositoryHarness {
    let store: SimulatedSharedStore

    func makeRepositories(_ count: Int) async throws -> [any SharedEventRepository] {
      (0..<count).map { _ in store.makeNode() }
    }

    func deliver() async {
      store.deliverAll()
      store.lookAtTails()
    }

    func close(_ repositories: [any SharedEventRepository]) async {}
  }

  @Test(arguments: SharedRepositoryContract.checks)
  func theSimulatedStoreKeepsTheContract(_ check: SharedRepositoryContract.Check) async throws {
    try await check.verify(Harness(store: SimulatedSharedStore()))
  }

  @Test func aStoreThatDoesNotFillHolesIsFound() async throws {
    var violations = 0
    for check in SharedRepositoryContract.checks.dropLast() {
      do { try await check.verify(Harness(store: SimulatedSharedStore(flaw: .fillsNothing))) } catch {
        violations += 1
      }
    }
    #expect(violations > 2)
  }
}
