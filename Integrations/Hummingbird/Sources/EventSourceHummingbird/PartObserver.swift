#if Hummingbird
  import NIOCore
  import NIOHTTPTypes

  /// Observes the response parts that Hummingbird sends to a connection, and the peer's departure. Confined to the
  /// channel's event loop. Each channel with streams has one.
  final class PartObserver: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The current response.
    weak var response: RouteResponse?
    private(set) var context: ChannelHandlerContext?
    private var awaited: (address: UnsafeRawPointer?, count: Int)?
    private var arrivals = 0
    private var isUnchanged = false

    /// Begins to compare outgoing parts with a buffer.
    func watch(for buffer: ByteBuffer) {
      awaited = Self.identity(of: buffer)
      (arrivals, isUnchanged) = (0, false)
    }

    /// Returns whether only the buffer was sent, and unchanged.
    func endWatching() -> Bool {
      awaited = nil
      return arrivals == 1 && isUnchanged
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
      self.context = nil
      response?.channelClosed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      if let awaited, case .body(let buffer) = Self.unwrapOutboundIn(data) {
        arrivals += 1
        isUnchanged = Self.identity(of: buffer) == awaited
      }
      context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
      response?.writabilityChanged()
      context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
      response?.channelClosed()
      context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case ChannelEvent.inputClosed? = event as? ChannelEvent { response?.channelClosed() }
      context.fireUserInboundEventTriggered(event)
    }

    private static func identity(of buffer: ByteBuffer) -> (address: UnsafeRawPointer?, count: Int) {
      buffer.withUnsafeReadableBytes { ($0.baseAddress, $0.count) }
    }
  }
#endif
