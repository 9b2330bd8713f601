#if NIO
  import NIOCore
  import NIOHTTP1

  /// An application's own handler. It responds with the target and the size of the body.
  final class HelloHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var head: HTTPRequestHead?
    private var byteCount = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch Self.unwrapInboundIn(data) {
      case .head(let head): (self.head, byteCount) = (head, 0)
      case .body(let body): byteCount += body.readableBytes
      case .end:
        guard let head else { return }
        let body = ByteBuffer(string: "\(head.uri) \(byteCount)\n")
        let headers: HTTPHeaders = ["content-length": "\(body.readableBytes)"]
        let response = HTTPResponseHead(version: head.version, status: .ok, headers: headers)
        context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let sent = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        if !head.isKeepAlive { sent.futureResult.whenComplete { _ in channel.close(promise: nil) } }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: sent)
      }
    }
  }
#endif
