#if Hummingbird
  import EventSourceServer
  import EventSourceTesting
  import Testing

  extension OverASocket {
    @Suite struct AdapterContractTests {
      private struct Harness: AdapterHarness {
        var version: HummingbirdServer.Version

        func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter {
          try await HummingbirdServer(handler, version)
        }
      }

      /// What Hummingbird does itself, and otherwise: it answers requests of HTTP/1.0 as ones of HTTP/1.1.
      private static let checks = AdapterContract.checks.filter { !$0.description.contains("HTTP/1.0") }

      @Test(arguments: checks)
      func theContractHoldsOverHTTP1(check: AdapterContract.Check) async throws {
        try await check.verify(Harness(version: .http1))
      }

      @Test(arguments: checks)
      func theContractHoldsOverHTTP2WithTLS(check: AdapterContract.Check) async throws {
        try await check.verify(Harness(version: .http2))
      }
    }
  }

  /// One after the other: they count what the process has.
  @Suite(.serialized) enum OverASocket {}
#endif
