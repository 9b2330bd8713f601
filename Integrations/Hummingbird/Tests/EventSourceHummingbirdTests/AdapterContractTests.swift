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

      /// Hummingbird responds to HTTP/1.0 requests as to HTTP/1.1 requests, so those checks do not apply.
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

  /// Serialized, because the checks count resources of the process.
  @Suite(.serialized) enum OverASocket {}
#endif
