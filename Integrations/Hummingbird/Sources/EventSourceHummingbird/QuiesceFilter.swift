#if Hummingbird
  import NIOCore
  import NIOHTTPTypes

  /// Keeps from Hummingbird's handler that the server shuts down, on the channel of an HTTP/2 stream with events.
  ///
  /// The handler would close the channel right behind the response's end, which resets the stream: a client could drop
  /// the last bytes. A stream of HTTP/2 is closed by its end.
  final class QuiesceFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if !(event is ChannelShouldQuiesceEvent) { context.fireUserInboundEventTriggered(event) }
    }
  }
#endif
