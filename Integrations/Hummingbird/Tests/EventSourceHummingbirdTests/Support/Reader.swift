#if Hummingbird
  import NIOCore
  import NIOPosix

  /// A client that sends one request and collects the response.
  final class Reader: Sendable {
    private final class Collector: ChannelInboundHandler {
      typealias InboundIn = ByteBuffer
      private let all: EventLoopPromise<String>
      private var text = ""
      private var awaited: (text: String, promise: EventLoopPromise<String>)?

      init(all: EventLoopPromise<String>) { self.all = all }

      func wait(for text: String, _ promise: EventLoopPromise<String>) {
        awaited = (text, promise)
        look()
      }

      private func look() {
        guard let awaited, text.contains(awaited.text) else { return }
        self.awaited = nil
        awaited.promise.succeed(text)
      }

      func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: Self.unwrapInboundIn(data))
        look()
      }

      func channelInactive(context: ChannelHandlerContext) {
        awaited?.promise.fail(ChannelError.eof)
        all.succeed(text)
      }
    }

    let channel: any Channel
    /// Everything received until the server closes the connection.
    let all: EventLoopFuture<String>

    /// - Parameter reads: Whether it reads from the connection.
    init(_ port: Int, _ path: String, reads: Bool = true) async throws {
      let loop = MultiThreadedEventLoopGroup.singleton.any()
      let all = loop.makePromise(of: String.self)
      channel = try await ClientBootstrap(group: loop)
        .channelOption(.autoRead, value: reads)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(Collector(all: all))
          }
        }
        .connect(host: "127.0.0.1", port: port).get()
      self.all = all.futureResult
      try await channel.writeAndFlush(ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")).get()
    }

    /// Returns everything received once `text` has been received.
    func all(until text: String) async throws -> String {
      let promise = channel.eventLoop.makePromise(of: String.self)
      channel.eventLoop.execute { [channel] in
        do {
          try channel.pipeline.syncOperations.handler(type: Collector.self).wait(for: text, promise)
        } catch {
          promise.fail(error)
        }
      }
      return try await promise.futureResult.get()
    }
  }
#endif
