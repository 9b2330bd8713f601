#if Hummingbird
  import NIOCore
  import NIOHTTPTypes

  /// Hides a shutdown of the server from Hummingbird's handler, on the channel of an HTTP/2 stream with events.
  ///
  /// The handler would close the channel immediately after the response's end, which resets the stream. A client could
  /// then discard the last bytes. The end of an HTTP/2 stream closes it anyway.
  final class QuiesceFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if !(event is ChannelShouldQuiesceEvent) { context.fireUserInboundEventTriggered(event) }
    }
  }
#endif
