#if NIO || Hummingbird
  import EventSourceServer
  import NIOCore
  import NIOHTTP1

  /// The response to one request of a channel. Confined to the channel's event loop.
  final class ChannelResponse: EventStreamResponse {
    /// The time for which a peer may accept nothing of a stream's end.
    private static let endTimeout = TimeAmount.seconds(30)

    /// Set by the handler that serves the request; released when the response is over.
    var session: EventStreamSession?
    private let loop: LoopLane
    private let context: ChannelHandlerContext
    private let output: StreamOutput
    private let version: HTTPVersion
    private let isHead: Bool
    private let keepsAlive: Bool
    private var isOver = false
    private var timeout: Scheduled<Void>?
    /// Called before the response's last part is written. That write may deliver the next request.
    private let willEnd: () -> Void
    /// Called when the last part has been sent, if the connection must not serve further requests.
    private let close: () -> Void

    init(
      to head: HTTPRequestHead, _ context: ChannelHandlerContext, loop: LoopLane, willEnd: @escaping () -> Void,
      close: @escaping () -> Void
    ) {
      self.loop = loop
      self.context = context
      self.willEnd = willEnd
      self.close = close
      version = head.version
      isHead = head.method == .HEAD
      keepsAlive = head.isKeepAlive
      output = StreamOutput(context, loop: loop) { buffer in
        NIOAny(HTTPServerResponsePart.body(.byteBuffer(buffer)))
      }
    }

    /// Whether the connection is HTTP/1, so that it can outlive the response.
    private var isHTTP1: Bool { version.major < 2 }
    /// Whether a body without a length can be completed without closing the connection.
    private var isFramed: Bool { !isHTTP1 || version.minor > 0 }

    /// Whether reading from the connection stops while this response is in progress.
    var holdsReads: Bool { isHTTP1 }

    /// Reports events of the connection that its handler would not receive.
    func observe(quiesce: @escaping () -> Void, inputClosed: @escaping () -> Void) {
      output.observe(quiesce: quiesce, inputClosed: inputClosed)
    }

    func start(_ head: EventStreamResponseHead) {
      guard !isOver else { return }
      var headers = HTTPHeaders(head.fields.map { ($0.name, $0.value) })
      var closes = !keepsAlive
      var body: ByteBuffer?
      switch head.body {
      case .stream:
        if isHTTP1, isFramed { headers.add(name: "transfer-encoding", value: "chunked") }
        closes = closes || !isFramed
      case .bytes(let bytes):
        headers.add(name: "content-length", value: String(bytes.count))
        if !isHead, !bytes.isEmpty { body = ByteBuffer(bytes: bytes) }
      case .none where head.status == 204 || head.status == 304: break
      case .none where isHTTP1:
        if isFramed, output.hasEncoder {
          headers.add(name: "transfer-encoding", value: "chunked")
          output.dropEnd()
        } else {
          closes = true
        }
      case .none: break
      }
      if isHTTP1 {
        if closes {
          headers.add(name: "connection", value: "close")
        } else if version.minor == 0 {
          headers.add(name: "connection", value: "keep-alive")
        }
      }
      let status = HTTPResponseStatus(statusCode: head.status)
      write(.head(HTTPResponseHead(version: version, status: status, headers: headers)))
      if case .stream = head.body {
        output.begin()
        context.flush()
      } else {
        if let body { write(.body(.byteBuffer(body))) }
        complete(closes: closes)
      }
    }

    func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult { output.write(bytes) }

    func end(_ ending: EventStreamEnding) {
      guard !isOver else { return }
      switch ending {
      case .complete: complete(closes: !keepsAlive || !isFramed)
      case .aborted:
        isOver = true
        session = nil
        output.abort()
      }
    }

    private func write(_ part: HTTPServerResponsePart) {
      context.write(EventStreamChannelHandler.wrapOutboundOut(part), promise: nil)
    }

    private func complete(closes: Bool) {
      isOver = true
      session = nil
      loop.unfinished += 1
      let sent = context.eventLoop.makePromise(of: Void.self)
      var isSent = false
      sent.futureResult.assumeIsolated().whenComplete { [self] result in
        isSent = true
        timeout?.cancel()
        timeout = nil
        output.finish()
        if closes, isHTTP1, (try? result.get()) != nil { close() }
        loop.unfinished -= 1
      }
      willEnd()
      context.writeAndFlush(EventStreamChannelHandler.wrapOutboundOut(.end(nil)), promise: sent)
      guard !isSent else { return }
      timeout = context.eventLoop.assumeIsolated().scheduleTask(in: Self.endTimeout) { [output] in output.abort() }
    }

    /// The channel's writability has changed.
    func writabilityChanged() {
      guard output.takeWritableDebt() else { return }
      loop.whenIdle { [self] in
        session?.becameWritable()
        loop.runSoon()
      }
    }

    /// The channel's server is about to close the channel.
    func drain(over window: Duration) {
      loop.whenIdle { [self] in
        session?.drain(over: window)
        loop.runSoon()
      }
    }

    /// The channel has been closed.
    func channelClosed() {
      output.channelClosed()
      guard !isOver else { return }
      isOver = true
      loop.whenIdle { [self] in
        let session = session
        self.session = nil
        session?.peerDisconnected()
        loop.runSoon()
      }
    }

    /// The peer has left without closing the connection, or violates the protocol.
    func drop() {
      channelClosed()
      context.close(promise: nil)
    }
  }
#endif
