#if NIO || Hummingbird
  internal import EventSourceServer
  public import NIOCore
  public import NIOHTTP1

  /// Serves the mounted paths of ``NIOEventStreams`` on one channel, and forwards all other requests unchanged.
  ///
  /// Add it after the handlers of `configureHTTPServerPipeline`, or after `HTTP2FramePayloadToHTTP1ServerCodec` on the
  /// channel of an HTTP/2 stream, and before your own handler. With NIO's default pipelining assistance, responses
  /// leave in the order of the requests, whichever handler sends them.
  ///
  /// While a stream is open, nothing is read from an HTTP/1.1 connection, and events of an `IdleStateHandler` are not
  /// forwarded. Heartbeats and the handler's stall timeout detect a dead peer.
  public final class EventStreamChannelHandler: ChannelDuplexHandler, RemovableChannelHandler {
    /// Parts of requests.
    public typealias InboundIn = HTTPServerRequestPart
    /// Parts of requests for other paths.
    public typealias InboundOut = HTTPServerRequestPart
    /// Parts of responses.
    public typealias OutboundIn = HTTPServerResponsePart
    /// Parts of responses.
    public typealias OutboundOut = HTTPServerResponsePart

    /// The destination of the request whose parts are arriving.
    private enum Request {
      case none
      /// A handler after this one.
      case passing
      /// A collection of runs, once its body is complete.
      case collecting(RunUpload)
      /// None: the body of a request that is served here is discarded.
      case dropping

      var isNone: Bool { if case .none = self { true } else { false } }
    }

    /// The time for which a connection that must be closed waits for the rest of a request.
    private static let restTimeout = TimeAmount.seconds(5)

    private let streams: NIOEventStreams
    private var loop: LoopLane?
    private var request = Request.none
    private var response: ChannelResponse?
    private var held = HeldParts()
    private var isResuming = false
    private var owesRead = false
    private var closesAtRequestEnd = false

    /// Creates a handler for one channel.
    public init(_ streams: NIOEventStreams) {
      self.streams = streams
    }

    /// Serves a part or forwards it.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let part = Self.unwrapInboundIn(data)
      guard held.isEmpty, !isResuming, canTake(part) else { return hold(part, context) }
      take(part, context)
    }

    /// Notifies the stream that the channel may be writable again, and forwards the event.
    public func channelWritabilityChanged(context: ChannelHandlerContext) {
      response?.writabilityChanged()
      context.fireChannelWritabilityChanged()
    }

    /// Drains the stream of a server that quiesces. Forwards the event, except idle-state events while a stream is
    /// open.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      switch event {
      case is ChannelShouldQuiesceEvent: response?.drain(over: streams.quiescingWindow)
      case is IdleStateHandler.IdleStateEvent where response != nil: return
      default: break
      }
      context.fireUserInboundEventTriggered(event)
    }

    /// Ends the stream of a peer that sends invalid HTTP, and forwards the error.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
      if error is HTTPParserError { response?.drop() }
      context.fireErrorCaught(error)
    }

    /// Ends the stream, and forwards the event.
    public func channelInactive(context: ChannelHandlerContext) {
      leave()
      context.fireChannelInactive()
    }

    /// Ends the stream.
    public func handlerRemoved(context: ChannelHandlerContext) {
      guard let response else { return }
      leave()
      response.drop()
    }

    /// Delays a read while a stream is open.
    public func read(context: ChannelHandlerContext) {
      if response?.holdsReads == true, request.isNone {
        owesRead = true
      } else {
        context.read()
      }
    }

    private func leave() {
      held.removeAll()
      if case .collecting = request { request = .dropping }
      response?.channelClosed()
      response = nil
    }

    /// Returns whether a part can be handled now: no earlier request is in progress, and the lane is not being called.
    private func canTake(_ part: HTTPServerRequestPart) -> Bool {
      if case .head = part, response != nil { return false }
      return loop?.isBusy != true
    }

    private func hold(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
      guard held.append(part) else {
        leave()
        context.close(promise: nil)
        return
      }
      if loop?.isBusy == true { loop?.whenIdle { [self] in resume(context) } }
    }

    /// Handles the held parts, up to a request that must wait for the previous one.
    private func resume(_ context: ChannelHandlerContext) {
      guard !isResuming else { return }
      isResuming = true
      var hasTaken = false
      while let part = held.first, canTake(part) {
        _ = held.popFirst()
        take(part, context)
        hasTaken = true
      }
      isResuming = false
      if hasTaken { context.fireChannelReadComplete() }
      if owesRead, response == nil {
        owesRead = false
        context.read()
      }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
      switch (part, request) {
      case (.head(let head), _):
        switch streams.destination(of: head.uri) {
        case .streams(let handler, let channels):
          request = .dropping
          serve(head, context) { handler.serve($0, channels: channels, response: $1, on: $2) }
        case .runs(let handler, let run, let most):
          collect(RunUpload(head, handler, run: run, maximumBodyBytes: most), context)
        case nil:
          request = .passing
          context.fireChannelRead(Self.wrapInboundOut(part))
        }
      case (.body, .passing): context.fireChannelRead(Self.wrapInboundOut(part))
      case (.body(let bytes), .collecting(let upload)):
        if !upload.append(bytes) { refuse(upload, context) }
      case (.end, .collecting(let upload)):
        request = .none
        serve(upload.head, context) {
          upload.handler.serve($0, body: upload.body, run: upload.run, response: $1, on: $2)
        }
      case (.body, _): break
      case (.end, .passing):
        request = .none
        context.fireChannelRead(Self.wrapInboundOut(part))
      case (.end, _):
        request = .none
        if closesAtRequestEnd { context.close(promise: nil) }
      }
    }

    private func collect(_ upload: RunUpload, _ context: ChannelHandlerContext) {
      guard !upload.isTooLarge else { return refuse(upload, context) }
      request = .collecting(upload)
      guard upload.awaitsContinue else { return }
      let head = HTTPResponseHead(version: upload.head.version, status: .continue)
      context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
    }

    private func refuse(_ upload: RunUpload, _ context: ChannelHandlerContext) {
      request = .dropping
      makeResponse(to: upload.head, context).start(RunUpload.tooLarge)
    }

    /// Passes a request to a handler.
    private func serve(
      _ head: HTTPRequestHead, _ context: ChannelHandlerContext,
      with handle: (ChannelRequest, ChannelResponse, DeliveryLane) -> EventStreamSession
    ) {
      let response = makeResponse(to: head, context)
      let loop = loop!
      let request = ChannelRequest(head, peer: context.channel.remoteAddress)
      let session = loop.whileBusy { handle(request, response, loop.lane) }
      if !session.isFinished { response.session = session }
      loop.runSoon()
    }

    private func makeResponse(to head: HTTPRequestHead, _ context: ChannelHandlerContext) -> ChannelResponse {
      let loop = self.loop ?? streams.loop(of: context.eventLoop)
      self.loop = loop
      let response = ChannelResponse(
        to: head, context, loop: loop,
        willEnd: { [unowned self] in responseWillEnd(context) },
        close: { [weak self] in self?.closeConnection(context) })
      self.response = response
      // Weak references to the response would make each of its many retains and releases slower.
      response.observe(
        quiesce: { [weak self] in
          guard let self else { return }
          self.response?.drain(over: streams.quiescingWindow)
        },
        inputClosed: { [weak self] in self?.response?.drop() })
      return response
    }

    private func responseWillEnd(_ context: ChannelHandlerContext) {
      response = nil
      loop?.whenIdle { [self] in resume(context) }
    }

    /// Closes the connection after its last response.
    private func closeConnection(_ context: ChannelHandlerContext) {
      guard !request.isNone else { return context.close(promise: nil) }
      // Closing a connection with unread bytes resets it, and the response might not arrive.
      closesAtRequestEnd = true
      context.eventLoop.assumeIsolated().scheduleTask(in: Self.restTimeout) { context.close(promise: nil) }
    }
  }

  @available(*, unavailable)
  extension EventStreamChannelHandler: Sendable {}
#endif
