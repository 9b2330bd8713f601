#if NIO || Hummingbird
  import EventSourceServer
  import NIOCore
  import NIOHTTP1

  /// A request of a channel, copied out of its head.
  struct ChannelRequest: EventStreamRequest {
    let method: String
    let target: String
    let fields: [HeaderField]
    let peer: String?

    private static let framingNames = ["connection", "content-length", "trailer", "transfer-encoding"]

    init(_ head: HTTPRequestHead, peer: SocketAddress?) {
      method = head.method.rawValue
      target = head.uri
      let authority = RequestTarget.originForm(of: head.uri)?.authority
      fields = head.headers.compactMap { name, value in
        let lowercased = name.lowercased()
        if Self.framingNames.contains(lowercased) { return nil }
        // RFC 9112, 3.2.2.
        if lowercased == "host", let authority { return HeaderField(name, authority) }
        return HeaderField(name, value)
      }
      self.peer = peer?.ipAddress
    }
  }
#endif
