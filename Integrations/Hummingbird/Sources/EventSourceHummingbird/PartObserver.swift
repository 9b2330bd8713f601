#if Hummingbird
  import NIOCore
  import NIOHTTPTypes

  /// Sees the parts of responses that leave Hummingbird for a connection, and that the peer leaves. On the channel's
  /// event loop; one for each channel with streams.
  final class PartObserver: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The response that is in progress.
    weak var response: RouteResponse?
    private(set) var context: ChannelHandlerContext?
    private var awaited: (address: UnsafeRawPointer?, count: Int)?
    private var arrivals = 0
    private var isUnchanged = false

    /// Begins to compare what leaves with a buffer.
    func watch(for buffer: ByteBuffer) {
      awaited = Self.identity(of: buffer)
      (arrivals, isUnchanged) = (0, false)
    }

    /// Whether the buffer has left alone and as it was.
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
