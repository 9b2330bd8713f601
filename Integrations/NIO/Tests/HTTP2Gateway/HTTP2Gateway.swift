#if Hummingbird
  import NIOCore
  import NIOHTTP1
  import NIOHTTP2
  import NIOPosix
  package import NIOSSL
  import Synchronization

  /// Takes connections of HTTP/1.x and gives each request to a server as a stream of HTTP/2, so that checks which speak
  /// HTTP/1.1 see what a server does over HTTP/2.
  ///
  /// It adds no behavior: bytes are read from the server only while the client takes them, a client that leaves resets
  /// the stream, and a stream that the server resets ends the client's connection with a reset.
  package final class HTTP2Gateway: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: any Channel
    private let stopping = Mutex<Task<Void, Never>?>(nil)

    /// Where it listens.
    package let port: Int

    /// Starts a gateway to a server on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - serverPort: Where the server listens.
    ///   - tls: How to speak TLS to it; nil: HTTP/2 with prior knowledge.
    package init(to serverPort: Int, tls: NIOSSLContext? = nil) async throws {
      listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.autoRead, value: false)
        // The client, not the gateway, decides how much waits for it.
        .childChannelOption(.socketOption(.so_sndbuf), value: 16 << 10)
        .childChannelInitializer { channel in
          Self.connect(channel.eventLoop, to: serverPort, tls: tls).flatMap { multiplexer in
            channel.eventLoop.makeCompletedFuture {
              let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
              try channel.pipeline.syncOperations.addHandler(decoder)
              try channel.pipeline.syncOperations.addHandler(GatewayFront(multiplexer))
            }
          }
        }
        .bind(host: "127.0.0.1", port: 0).get()
      port = listener.localAddress!.port!
    }

    /// Closes everything, and returns when no thread is left. It may be called several times.
    package func stop() async {
      let task = stopping.withLock { task in
        task =
          task
          ?? Task {
            try? await self.listener.close().get()
            try? await self.group.shutdownGracefully()
          }
        return task!
      }
      await task.value
    }

    private static func connect(
      _ loop: any EventLoop, to port: Int, tls: NIOSSLContext?
    ) -> EventLoopFuture<Backend> {
      ClientBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            if let tls {
              let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil)
              try channel.pipeline.syncOperations.addHandler(handler)
            }
          }
        }
        .connect(host: "127.0.0.1", port: port)
        .flatMap { channel in
          channel.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
          ) { $0.close() }
          .map { Backend(channel: channel, multiplexer: $0) }
        }
    }
  }

  /// A connection to the server.
  struct Backend: Sendable {
    let channel: any Channel
    let multiplexer: NIOHTTP2Handler.StreamMultiplexer
  }
#endif
