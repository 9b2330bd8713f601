#if NIO
  import NIOCore
  import NIOPosix

  /// A client that sends one request and collects the response.
  enum Fetch {
    private final class Collector: ChannelInboundHandler {
      typealias InboundIn = ByteBuffer
      private let head: EventLoopPromise<Void>
      private let all: EventLoopPromise<String>
      private var text = ""

      init(head: EventLoopPromise<Void>, all: EventLoopPromise<String>) { (self.head, self.all) = (head, all) }

      func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: Self.unwrapInboundIn(data))
        if text.contains("\r\n\r\n") { head.succeed() }
      }

      func channelInactive(context: ChannelHandlerContext) {
        head.succeed()
        all.succeed(text)
      }
    }

    /// Returns the whole response. The request asks the server to close the connection.
    static func text(_ port: Int, _ path: String, _ fields: String = "") async throws -> String {
      try await start(port, "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n").all.value()
    }

    /// Returns a connection whose response has begun.
    static func open(_ port: Int, _ path: String) async throws -> any Channel {
      let (channel, head, _) = try await start(port, "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
      try await head.value()
      return channel
    }

    /// Sends a request. Returns the connection, and what it receives.
    static func start(
      _ port: Int, _ request: String
    ) async throws -> (channel: any Channel, head: EventLoopFuture<Void>, all: EventLoopFuture<String>) {
      let loop = MultiThreadedEventLoopGroup.singleton.any()
      let head = loop.makePromise(of: Void.self)
      let all = loop.makePromise(of: String.self)
      let channel = try await ClientBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(Collector(head: head, all: all))
          }
        }
        .connect(host: "127.0.0.1", port: port).value()
      try await channel.writeAndFlush(ByteBuffer(string: request)).value()
      return (channel, head.futureResult, all.futureResult)
    }
  }
#endif
