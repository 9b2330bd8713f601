import EventSourceBuiltInServer
import EventSourceServer
import Synchronization
import Testing

extension OverASocket {
  /// Tests of routes that do not respond in time.
  struct RouteTimeoutTests {
    /// Responds when the test opens it, whether or not its task is cancelled.
    private final class Gate: Sendable {
      private let opening = AsyncStream<Void>.makeStream()
      let wasCanceled = Mutex(false)

      func open() { opening.continuation.finish() }

      func pass() async {
        let stream = opening.stream
        await Task.detached { for await _ in stream {} }.value
        wasCanceled.withLock { $0 = Task.isCancelled }
      }
    }

    @Test func aRouteThatDoesNotAnswerIs503AndItsLateAnswerReachesNobody() async throws {
      let (gate, logger) = (Gate(), RecordingLogger())
      try await withServer(
        logger: logger,
        routes: { server in
          server.route("GET", at: "/late", timeout: .milliseconds(100)) { _ in
            await gate.pass()
            return .text("too late")
          }
          server.route("GET", at: "/next") { _ in
            gate.open()
            // The late response is on its way to the connection by then.
            while !gate.wasCanceled.withLock({ $0 }) { await Task.yield() }
            for _ in 0..<100 { await Task.yield() }
            return .text("in time")
          }
        }
      ) { _, address in
        let client = try TestClient(address)
        let response = try await client.exchange(get("/late"))
        #expect(response.status == 503 && !response.closes)
        #expect(response.text == "the request was not answered in time\n")
        #expect(try await client.exchange(get("/next")).text == "in time")
        #expect(try await client.exchange(get("/nothing")).status == 404)
      }
      #expect(logger.lines.contains("warning A route did not answer in time method=GET path=/late"))
      #expect(!logger.lines.contains { $0.contains("A route failed") })
    }

    @Test func theConfigurationsTimeIsForRoutesThatHaveNone() async throws {
      let records = AccessRecords()
      var configuration = BuiltInServer.Configuration()
      configuration.routeTimeout = .milliseconds(100)
      let server = BuiltInServer(configuration: configuration, accessLog: records.take)
      server.route("GET", at: "/never") { _ in
        try await Task.sleep(for: .seconds(600))
        return .status(204)
      }
      server.route("GET", at: "/slow", timeout: .seconds(600)) { _ in
        try await Task.sleep(for: .milliseconds(300))
        return .text("slow")
      }
      let client = try TestClient(try server.start())
      #expect(try await client.exchange(get("/never")).status == 503)
      #expect(try await client.exchange(get("/slow")).text == "slow")
      await server.stop()
      #expect(records.all.map(\.status) == [503, 200])
    }

    @Test(arguments: [Duration.seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1)])
    func aTimeThatIsOverAtOnceIsNoCrash(timeout: Duration) async throws {
      try await withServer(routes: { server in
        server.route("GET", at: "/never", timeout: timeout) { _ in
          try await Task.sleep(for: .seconds(600))
          return .status(204)
        }
      }) { _, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(get("/never")).status == 503)
      }
    }
  }
}
