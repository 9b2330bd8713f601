import EventSourceFormat
import EventSourceRedis
import EventSourceServer
import EventSourceTesting
import Testing

/// The contracts of repositories, verified with a real server.
@Suite(.serialized) struct RedisContractTests {
  /// Each check uses its own key prefix on one server.
  private static func harness(_ server: RedisProcess) -> RecordingRepositoryHarness<RedisEventRepository> {
    RecordingRepositoryHarness(
      close: { $0.close() },
      removeAll: { channel, repository in
        let prefix = repository.configuration.keyPrefix
        for letter in ["s", "m", "i", "z", "a"] { try server.command("DEL", "\(prefix)\(letter):\(channel.rawValue)") }
      },
      make: { limit in
        try await server.repository {
          $0.keyPrefix = "check\(UInt64.random(in: 0 ... .max)):"
          $0.retention.maximumEvents = limit
        }
      })
  }

  @Test func theContractHoldsOverARealServer() async throws {
    try await RedisProcess.run { server in
      for check in RepositoryContract.checks {
        do {
          try await check.verify(Self.harness(server), within: .seconds(120))
        } catch {
          Issue.record("\(check): \(error)")
        }
      }
    }
  }

  private struct SharedHarness: SharedRepositoryHarness {
    let server: RedisProcess

    func makeRepositories(_ count: Int) async throws -> [any SharedEventRepository] {
      let prefix = "check\(UInt64.random(in: 0 ... .max)):"
      var repositories: [any SharedEventRepository] = []
      for _ in 0..<count { repositories.append(try await server.repository { $0.keyPrefix = prefix }) }
      return repositories
    }

    func close(_ repositories: [any SharedEventRepository]) async {
      for repository in repositories { (repository as? RedisEventRepository)?.close() }
    }
  }

  @Test func theContractOfSharedRepositoriesHoldsOverARealServer() async throws {
    try await RedisProcess.run { server in
      for check in SharedRepositoryContract.checks {
        do {
          try await check.verify(SharedHarness(server: server))
        } catch {
          Issue.record("\(check): \(error)")
        }
      }
    }
  }
}
