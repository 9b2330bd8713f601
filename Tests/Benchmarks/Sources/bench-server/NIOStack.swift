#if Stacks
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import NIOHTTP1
  import NIOHTTP2
  import NIOPosix
  import Glibc

  /// Serves with SwiftNIO, until the process is ended.
  struct NIOStack {
    let options: Options
    let handlers: Handlers
    let publisher: Publisher

    func run() async throws {
      let streams = NIOEventStreams(handlers.named.hub)
      streams.mount(handlers.all, at: "/stream")
      streams.mount(handlers.named, at: "/stream/{channel}")
      streams.mount(handlers.heartbeats, at: "/heartbeats")
      let publisher = publisher
      let isHTTP2 = options.stack == .nioHTTP2
      let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: options.threads))
        .serverChannelOption(.backlog, value: 4096)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            if isHTTP2 {
              try channel.pipeline.syncOperations.addHandler(
                PrefaceHandler { channel, isHTTP2 in
                  try isHTTP2
                    ? Self.addHTTP2(to: channel, streams, publisher) : Self.addHTTP1(to: channel, streams, publisher)
                })
            } else {
              try Self.addHTTP1(to: channel, streams, publisher)
            }
          }
        }
        .bind(host: "127.0.0.1", port: Int(options.port)).get()
      print("bench-server: \(options.stack.rawValue), \(options.threads) threads, \(listener.localAddress!)")
      fflush(nil)
      try await listener.closeFuture.get()
    }

    private static func addHTTP1(to channel: any Channel, _ streams: NIOEventStreams, _ publisher: Publisher) throws {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.configureHTTPServerPipeline()
      try pipeline.addHandler(EventStreamChannelHandler(streams))
      try pipeline.addHandler(OwnRoutes(publisher))
    }

    private static func addHTTP2(to channel: any Channel, _ streams: NIOEventStreams, _ publisher: Publisher) throws {
      _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
        mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
      ) { stream in
        stream.eventLoop.makeCompletedFuture {
          let pipeline = stream.pipeline.syncOperations
          try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
          try pipeline.addHandler(EventStreamChannelHandler(streams))
          try pipeline.addHandler(OwnRoutes(publisher))
        }
      }
    }
  }

  /// Chooses the protocol of a connection by its first bytes.
  private final class PrefaceHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let configure: (any Channel, Bool) throws -> Void

    init(_ configure: @escaping (any Channel, Bool) throws -> Void) { self.configure = configure }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = Self.unwrapInboundIn(data)
      do {
        try configure(context.channel, bytes.readableBytesView.starts(with: "PRI ".utf8))
      } catch {
        return context.close(promise: nil)
      }
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
  }

  /// The program's own routes.
  private final class OwnRoutes: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let publisher: Publisher
    private var head: HTTPRequestHead?

    init(_ publisher: Publisher) { self.publisher = publisher }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch Self.unwrapInboundIn(data) {
      case .head(let head): self.head = head
      case .body: break
      case .end:
        guard let head else { return }
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        switch parts.first {
        case "/publish":
          publisher.start(Publisher.Job(query: parts.count == 2 ? String(parts[1]) : ""))
          send("publishing\n", head, context)
        case "/ok": send("ok\n", head, context)
        case "/stats": send(publisher.statistics, head, context)
        case "/idle": begin(head, context)
        default: send("", head, context, status: .notFound)
        }
      }
    }

    /// A response without an end.
    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
      var response = HTTPResponseHead(version: head.version, status: .ok)
      response.headers.add(name: "content-type", value: "text/event-stream")
      if head.version.major < 2 { response.headers.add(name: "transfer-encoding", value: "chunked") }
      context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
      context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: ":\n")))), promise: nil)
    }

    private func send(
      _ text: String, _ head: HTTPRequestHead, _ context: ChannelHandlerContext, status: HTTPResponseStatus = .ok
    ) {
      let body = ByteBuffer(string: text)
      let headers: HTTPHeaders = ["content-length": "\(body.readableBytes)"]
      let response = HTTPResponseHead(version: head.version, status: status, headers: headers)
      context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
      let sent = context.eventLoop.makePromise(of: Void.self)
      let channel = context.channel
      if !head.isKeepAlive { sent.futureResult.whenComplete { _ in channel.close(promise: nil) } }
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: sent)
    }
  }
#endif
