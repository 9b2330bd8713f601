#if NIO || Hummingbird
  import NIOCore
  import NIOHTTP1

  /// Observes what reaches the HTTP/1.1 encoder, from a position after the encoder. Runs on the channel's event loop.
  ///
  /// If no handler between the stream and the encoder changes the bytes, the stream can pass them directly to the
  /// encoder's neighbor, in a buffer that all readers share. The probe detects that once per stream: it compares the
  /// head and the first buffer with what was written.
  final class EncoderProbe: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The encoder's framing of the body of the current response.
    enum Framing {
      case chunked
      /// The body ends with the connection.
      case none
    }

    /// The framing of the current response. `nil` if it has a length or has not begun.
    private(set) var framing: Framing?
    /// Set for a response to HEAD, to which the encoder would otherwise add a last chunk.
    var dropsEnd = false
    /// Called when the channel's server wants to close it. The handler for pipelining does not forward that event.
    var onQuiesce: (() -> Void)?
    /// Called when the peer has closed its sending side, even while requests are held back.
    var onInputClosed: (() -> Void)?
    private var awaited: (address: UnsafeRawPointer?, count: Int)?
    private var arrivals = 0
    private var isUnchanged = false

    /// Returns whether a buffer reaches the encoder exactly once and unchanged within a call of `write`.
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
          // Writes nothing, but completes the promise in order.
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
