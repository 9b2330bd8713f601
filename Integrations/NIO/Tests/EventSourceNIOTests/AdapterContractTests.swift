#if NIO
  import EventSourceServer
  import EventSourceTesting
  import Testing

  extension OverASocket {
    @Suite struct AdapterContractTests {
      private struct Harness: AdapterHarness {
        var threads: Int

        func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter {
          try await NIOServer(handler, threads: threads)
        }
      }

      @Test(arguments: AdapterContract.checks, [1, 2])
      func theContractHoldsOverHTTP1(check: AdapterContract.Check, threads: Int) async throws {
        try await check.verify(Harness(threads: threads))
      }
    }
  }

  /// Serialized, because the checks count resources of the process.
  @Suite(.serialized) enum OverASocket {}
#endif
