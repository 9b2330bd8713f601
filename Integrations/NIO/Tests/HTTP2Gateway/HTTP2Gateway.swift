#if Hummingbird
  import NIOCore
  import NIOHTTP1
  import NIOHTTP2
  import NIOPosix
  package import NIOSSL
  import Synchronization

  /// Accepts HTTP/1.x connections and forwards each request to a server as an HTTP/2 stream. HTTP/1.1 checks can thus
  /// observe how a server behaves over HTTP/2.
  ///
  /// It adds no behavior: it reads bytes from the server only while the client accepts them. If a client leaves, it
  /// resets the stream. If the server resets a stream, it resets the client's connection.
  package final class HTTP2Gateway: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: any Channel
    private let stopping = Mutex<Task<Void, Never>?>(nil)

    /// The port on which it listens.
    package let port: Int

    /// Starts a gateway to a server on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - serverPort: The port on which the server listens.
    ///   - tls: The TLS context for the connection to it. `nil` means HTTP/2 with prior knowledge.
    package init(to serverPort: Int, tls: NIOSSLContext? = nil) async throws {
      listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.autoRead, value: false)
        // The client's receive buffer, not the gateway's send buffer, determines how many bytes wait.
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

    /// Closes everything, and returns when no thread is left. Can be called several times.
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
