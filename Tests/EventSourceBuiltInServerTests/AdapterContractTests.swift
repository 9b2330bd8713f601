import EventSourceBuiltInServer
import EventSourceServer
import EventSourceTesting
import Testing

extension OverASocket {
  @Suite struct AdapterContractTests {
    private struct Harness: AdapterHarness {
      var threads: Int

      func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter {
        var configuration = BuiltInServer.Configuration()
        configuration.threads = threads
        let server = BuiltInServer(configuration: configuration)
        server.mount(handler, at: "/events/{channel}")
        return Running(server: server, port: try server.start().port)
      }
    }

    private struct Running: RunningAdapter {
      let server: BuiltInServer
      let port: Int

      func stop(drainingOver window: Duration) async { await server.stop(drainingOver: window) }
    }

    @Test(arguments: AdapterContract.checks, [1, 2])
    func theContractHolds(check: AdapterContract.Check, threads: Int) async throws {
      try await check.verify(Harness(threads: threads))
    }
  }
}
