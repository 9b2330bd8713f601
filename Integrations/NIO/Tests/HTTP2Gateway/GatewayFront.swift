#if Hummingbird
  import NIOCore
  import NIOHTTP1
  import NIOHTTP2

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The gateway's connection to an HTTP/1.x client. Confined to the gateway's event loop.
  final class GatewayFront: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let backend: Backend
    private var context: ChannelHandlerContext!
    private var stream: (any Channel)?
    private var waiting: [HTTPClientRequestPart] = []
    private var request: HTTPRequestHead!
    private var isChunked = false
    private var hasResponse = true

    init(_ backend: Backend) { self.backend = backend }

    func handlerAdded(context: ChannelHandlerContext) {
      self.context = context
      let channel = context.channel
      backend.channel.closeFuture.whenComplete { _ in channel.close(promise: nil) }
    }
    func channelActive(context: ChannelHandlerContext) { context.read() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch Self.unwrapInboundIn(data) {
      case .head(let head): open(head)
      case .body(let body): send(.body(.byteBuffer(body)))
      case .end: send(.end(nil))
      }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
      if context.channel.isWritable { stream?.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
      stream?.close(promise: nil)
      backend.channel.close(promise: nil)
      self.context = nil
    }

    private func open(_ head: HTTPRequestHead) {
      (request, hasResponse, stream, waiting) = (head, false, nil, [])
      var head = head
      head.version = HTTPVersion(major: 2, minor: 0)
      for name in ["connection", "transfer-encoding"] { head.headers.remove(name: name) }
      send(.head(head))
      let opened = context.eventLoop.makePromise(of: (any Channel).self)
      let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
      opened.futureResult.assumeIsolated().whenComplete { [self] result in
        guard case .success(let stream) = result, context != nil else { return abort() }
        self.stream = stream
        for part in waiting { stream.write(part, promise: nil) }
        waiting = []
        stream.flush()
        stream.read()
      }
      backend.multiplexer.createStreamChannel(promise: opened) { stream in
        stream.eventLoop.makeCompletedFuture {
          try stream.syncOptions?.setOption(.autoRead, value: false)
          let codec = HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .http)
          try stream.pipeline.syncOperations.addHandlers([codec, GatewayBack(bound.value)])
        }
      }
    }

    private func send(_ part: HTTPClientRequestPart) {
      guard let stream else { return waiting.append(part) }
      stream.writeAndFlush(part, promise: nil)
    }

    // MARK: Calls from the stream

    var takesBytes: Bool { context?.channel.isWritable ?? false }

    func received(_ part: HTTPClientResponsePart) {
      guard context != nil else { return }
      var bytes = ByteBuffer()
      switch part {
      case .head(let head): write(head, to: &bytes)
      case .body(let body) where isChunked:
        bytes.writeString(String(body.readableBytes, radix: 16) + "\r\n")
        bytes.writeImmutableBuffer(body)
        bytes.writeString("\r\n")
      case .body(let body): bytes.writeImmutableBuffer(body)
      case .end: return finish()
      }
      if bytes.readableBytes > 0 { context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil) }
    }

    private func write(_ head: HTTPResponseHead, to bytes: inout ByteBuffer) {
      let hasBody = request.method != .HEAD && head.status.mayHaveResponseBody
      isChunked = hasBody && !head.headers.contains(name: "content-length") && request.version.minor > 0
      bytes.writeString("HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
      // NIO's HTTP/2 client adds this field, as if the response were HTTP/1.1.
      for (name, value) in head.headers where name != "transfer-encoding" { bytes.writeString("\(name): \(value)\r\n") }
      if isChunked { bytes.writeString("transfer-encoding: chunked\r\n") }
      if !request.isKeepAlive { bytes.writeString("connection: close\r\n") }
      bytes.writeString("\r\n")
    }

    private func finish() {
      hasResponse = true
      let closes = !request.isKeepAlive || request.version.minor == 0
      let end = ByteBuffer(string: isChunked ? "0\r\n\r\n" : "")
      isChunked = false
      let sent = context.eventLoop.makePromise(of: Void.self)
      let channel = context.channel
      context.writeAndFlush(Self.wrapOutboundOut(end), promise: sent)
      if closes { sent.futureResult.whenComplete { _ in channel.close(promise: nil) } }
    }

    func streamEnded() {
      if !hasResponse { abort() }
    }

    private func abort() {
      guard let context else { return }
      let socket = context.channel as? any SocketOptionProvider
      _ = socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
      context.close(promise: nil)
    }
  }
#endif
