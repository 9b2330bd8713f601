#if NIO || Hummingbird
  package import EventSourceServer
  package import NIOCore
  import NIOHTTP1

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Writes a stream's bytes to a channel while the channel is writable. Confined to the channel's event loop.
  ///
  /// A buffer passes through all handlers of the channel as a part of the response, until it is known that none of them
  /// changes it. Then buffers are framed in advance and bypass the encoder, without any allocation.
  package final class StreamOutput {
    /// The path of buffers to the connection.
    private enum Route {
      /// As parts of the response, through all handlers.
      case parts
      /// As parts, until it is known whether a handler changes them.
      case unproven(EncoderProbe, encoder: ChannelHandlerContext)
      /// Past the encoder, which is the handler of this context.
      case bytes(ChannelHandlerContext, isFramed: Bool)
    }

    /// The maximum size in bytes of one buffer.
    private static let mostBytes = 32 << 10
    /// The channel stops being writable when it holds this many bytes for a reader, and becomes writable again once it
    /// has sent all of them.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 1, high: 16 << 10)

    private let context: ChannelHandlerContext
    private let channel: any Channel
    private let loop: LoopLane
    private let makePart: (ByteBuffer) -> NIOAny
    private let probe: EncoderProbe?
    private var route: Route
    private var usualWaterMark: ChannelOptions.Types.WriteBufferWaterMark?
    /// Whether the channel accepted less than it was offered, and the lane has not been notified since that it accepts
    /// more.
    private var needsWritableNotification = false
    private var isWriting = false
    /// Whether nothing more can be written.
    package private(set) var isClosed = false

    /// - Parameters:
    ///   - context: The context of the handler that writes the response's parts.
    ///   - makePart: Makes a part of the response's body.
    package init(_ context: ChannelHandlerContext, loop: LoopLane, makePart: @escaping (ByteBuffer) -> NIOAny) {
      self.context = context
      channel = context.channel
      self.loop = loop
      self.makePart = makePart
      let pipeline = context.pipeline.syncOperations
      guard let encoder = try? pipeline.context(handlerType: HTTPResponseEncoder.self) else {
        (probe, route) = (nil, .parts)
        return
      }
      let probe: EncoderProbe
      if let present = try? pipeline.handler(type: EncoderProbe.self) {
        probe = present
      } else {
        probe = EncoderProbe()
        // This cannot fail, because the encoder is present.
        try? pipeline.addHandler(probe, position: .after(encoder.handler))
      }
      (self.probe, route) = (probe, .unproven(probe, encoder: encoder))
    }

    /// Whether the connection speaks HTTP/1.1 by NIO's encoder.
    var hasEncoder: Bool { probe != nil }

    /// Whether buffers bypass the encoder.
    package var isDirect: Bool { if case .bytes = route { true } else { false } }

    /// Sets the closures to call when the connection's server wants to close it, and when the peer has closed its
    /// sending side.
    package func observe(quiesce: (() -> Void)?, inputClosed: (() -> Void)?) {
      probe?.onQuiesce = quiesce
      probe?.onInputClosed = inputClosed
    }

    /// Omits the end of a response to HEAD.
    package func dropEnd() { probe?.dropsEnd = true }

    /// Limits the number of bytes that the channel holds for the stream.
    package func begin() {
      guard channel is any SocketOptionProvider, let options = channel.syncOptions else { return }
      usualWaterMark = try? options.getOption(.writeBufferWaterMark)
      try? options.setOption(.writeBufferWaterMark, value: Self.waterMark)
    }

    /// Restores the channel's own limit.
    package func finish() {
      observe(quiesce: nil, inputClosed: nil)
      guard let usualWaterMark, !isClosed else { return }
      self.usualWaterMark = nil
      try? channel.syncOptions?.setOption(.writeBufferWaterMark, value: usualWaterMark)
    }

    /// Writes as many bytes as the channel accepts within its limit.
    package func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
      guard !isClosed else { return .peerDisconnected }
      isWriting = true
      defer { isWriting = false }
      var taken = 0
      while taken < bytes.count {
        guard channel.isWritable else {
          needsWritableNotification = true
          break
        }
        let count = min(bytes.count - taken, Self.mostBytes)
        send(bytes, from: taken, count: count)
        // A failed write closes the channel during the call.
        guard !isClosed else { return .peerDisconnected }
        taken += count
      }
      return .accepted(taken)
    }

    /// Accepts no bytes. ``takeWritableDebt()`` reports when the channel accepts them again.
    package func owe() -> EventStreamWriteResult {
      needsWritableNotification = true
      return .accepted(0)
    }

    /// Returns whether to notify the lane now that the channel accepts bytes again, and clears that request.
    package func takeWritableDebt() -> Bool {
      guard needsWritableNotification, !isWriting, !isClosed, channel.isWritable else { return false }
      needsWritableNotification = false
      return true
    }

    /// Records that the channel has been closed.
    package func channelClosed() { isClosed = true }

    /// Closes the channel by a reset, over HTTP/2 too, so that the peer detects that the response is incomplete.
    package func abort() {
      guard !isClosed else { return }
      isClosed = true
      let socket = channel as? any SocketOptionProvider
      _ = socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
      context.close(promise: nil)
    }

    private func send(_ bytes: borrowing EventStreamBytes, from start: Int, count: Int) {
      switch route {
      case .parts:
        let buffer = loop.buffers.buffer(of: bytes, from: start, count: count, isFramed: false)
        context.writeAndFlush(makePart(buffer), promise: nil)
      case .bytes(let encoder, let isFramed):
        let buffer = loop.buffers.buffer(of: bytes, from: start, count: count, isFramed: isFramed)
        encoder.write(NIOAny(IOData.byteBuffer(buffer)), promise: nil)
        encoder.flush()
      case .unproven(let probe, let encoder):
        let buffer = loop.buffers.buffer(of: bytes, from: start, count: count, isFramed: false)
        let isUnchanged = probe.passesUnchanged(buffer) {
          context.write(makePart(buffer), promise: nil)
        }
        context.flush()
        if isUnchanged, let framing = probe.framing {
          route = .bytes(encoder, isFramed: framing == .chunked)
        } else {
          route = .parts
        }
      }
    }
  }
#endif
