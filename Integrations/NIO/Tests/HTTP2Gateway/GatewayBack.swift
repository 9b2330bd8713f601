#if Hummingbird
  import NIOCore
  import NIOHTTP1

  /// One stream of the gateway's connection to the server. Confined to the gateway's event loop.
  final class GatewayBack: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let front: GatewayFront

    init(_ front: GatewayFront) { self.front = front }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { front.received(Self.unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
      if front.takesBytes { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) { front.streamEnded() }
  }
#endif
