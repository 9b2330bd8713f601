// NIO's HTTP/2 is a separate package, which Hummingbird depends on.
#if NIO && Hummingbird
  import EventSourceNIO
  import EventSourceServer
  import EventSourceTesting
  import HTTP2Gateway
  import NIOCore
  import NIOHTTP2
  import Testing

  extension OverASocket {
    @Suite struct HTTP2ContractTests {
      private struct Harness: AdapterHarness {
        func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter {
          let server = try await NIOServer(handler, initializer: NIOServer.http2)
          return Running(server: server, gateway: try await HTTP2Gateway(to: server.port))
        }
      }

      private struct Running: RunningAdapter {
        let server: NIOServer
        let gateway: HTTP2Gateway

        var port: Int { gateway.port }

        func stop(drainingOver window: Duration) async {
          await server.stop(drainingOver: window)
          await gateway.stop()
        }
      }

      @Test(arguments: AdapterContract.checks)
      func theContractHoldsOverHTTP2(check: AdapterContract.Check) async throws {
        try await check.verify(Harness())
      }
    }
  }

  extension NIOServer {
    /// HTTP/2 with prior knowledge.
    static let http2: Initializer = { channel, streams in
      channel.configureHTTP2Pipeline(
        mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
      ) { stream in
        stream.eventLoop.makeCompletedFuture {
          let pipeline = stream.pipeline.syncOperations
          try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
          try pipeline.addHandler(EventStreamChannelHandler(streams))
          try pipeline.addHandler(HelloHandler())
        }
      }.map { _ in }
    }
  }
#endif
