#if NIO || Hummingbird
  import NIOCore
  import NIOHTTP1

  /// Sits behind the HTTP/1.1 encoder and sees what reaches it. On the channel's event loop.
  ///
  /// A stream's bytes could be given to the encoder's neighbor directly, in a buffer that all readers share, if no
  /// handler between the stream and the encoder changes them. This one finds that out, once for each stream: it
  /// compares the head and the first buffer with what was written.
  final class EncoderProbe: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How the encoder frames the body of the response that it has begun.
    enum Framing {
      case chunked
      /// The end of the body is that of the connection.
      case none
    }

    /// The framing of the response in progress; nil if it has a length, or nothing has begun.
    private(set) var framing: Framing?
    /// Set for a response to HEAD, to which the encoder would add a last chunk.
    var dropsEnd = false
    /// Called when the channel's server wants to close it, which the handler for pipelining keeps for itself.
    var onQuiesce: (() -> Void)?
    /// Called when the peer has ended its side, also while requests are held back.
    var onInputClosed: (() -> Void)?
    private var awaited: (address: UnsafeRawPointer?, count: Int)?
    private var arrivals = 0
    private var isUnchanged = false

    /// Whether a buffer reaches the encoder within a call of `write`, once and as it is.
    func passesUnchanged(_ buffer: ByteBuffer, write: () -> Void) -> Bool {
      awaited = Self.identity(of: buffer)
      (arrivals, isUnchanged) = (0, false)
      write()
      awaited = nil
      return arrivals == 1 && isUnchanged
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      switch Self.unwrapOutboundIn(data) {
      case .head(let head) where head.status.code >= 200:
        let hasLength = head.headers.contains(name: "content-length")
        framing = hasLength ? nil : head.version.minor > 0 ? .chunked : Framing.none
      case .body(let body):
        if let awaited {
          arrivals += 1
          if case .byteBuffer(let buffer) = body { isUnchanged = Self.identity(of: buffer) == awaited }
        }
      case .end:
        framing = nil
        if dropsEnd {
          dropsEnd = false
          // Nothing is written, and the promise is kept in its order.
          let nothing = Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))
          return context.write(nothing, promise: promise)
        }
      case .head: break
      }
      context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      switch event {
      case is ChannelShouldQuiesceEvent: onQuiesce?()
      case ChannelEvent.inputClosed: onInputClosed?()
      default: break
      }
      context.fireUserInboundEventTriggered(event)
    }

    private static func identity(of buffer: ByteBuffer) -> (address: UnsafeRawPointer?, count: Int) {
      buffer.withUnsafeReadableBytes { ($0.baseAddress, $0.count) }
    }
  }
#endif
