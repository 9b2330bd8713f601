#if Stacks
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import NIOHTTP1
  import NIOPosix

  /// NIO with two event loops, over HTTP/1.1.
  final class NIOServer: StackServer {
    let port: Int
    private let streams: NIOEventStreams
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private let listener: any Channel

    init(_ handler: EventStreamHandler) async throws {
      let streams = NIOEventStreams(handler.hub)
      streams.mount(handler, at: "/events/{channel}")
      self.streams = streams
      listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 4096)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(EventStreamChannelHandler(streams))
            try pipeline.addHandler(PublishHandler(handler.hub))
          }
        }
        .bind(host: "127.0.0.1", port: 0).get()
      port = listener.localAddress!.port!
    }

    func stop(drainingOver window: Duration) async {
      try? await listener.close().get()
      await streams.drain(over: window)
      await streams.close()
      try? await group.shutdownGracefully()
    }
  }

  /// `POST /publish/CHANNEL` publishes the body and responds with the event's ID.
  private final class PublishHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let hub: EventHub
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ hub: EventHub) { self.hub = hub }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch Self.unwrapInboundIn(data) {
      case .head(let head): (self.head, body) = (head, ByteBuffer())
      case .body(var part): body.writeBuffer(&part)
      case .end:
        guard let head, let name = head.uri.split(separator: "/").last else { return }
        let id = try? hub.publish(String(buffer: body), to: ChannelName(String(name)))
        let text = ByteBuffer(string: id.map { "\($0)\n" } ?? "no such channel\n")
        let headers: HTTPHeaders = ["content-length": "\(text.readableBytes)"]
        let response = HTTPResponseHead(
          version: head.version, status: id == nil ? .notFound : .accepted, headers: headers)
        context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(text))), promise: nil)
        let sent = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        if !head.isKeepAlive { sent.futureResult.whenComplete { _ in channel.close(promise: nil) } }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: sent)
      }
    }
  }
#endif
