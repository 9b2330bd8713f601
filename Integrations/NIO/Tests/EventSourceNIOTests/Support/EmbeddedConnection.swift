#if NIO
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import NIOEmbedded
  import NIOHTTP1
  import Testing

  /// A connection with event streams, without a socket and with manually advanced time. Confined to one thread.
  final class EmbeddedConnection {
    let hub: EventHub
    let streams: NIOEventStreams
    let channel = EmbeddedChannel()

    /// - Parameters:
    ///   - configuration: The configuration of the handler.
    ///   - between: A handler to insert between NIO's handlers and that of the streams.
    init(
      _ configuration: EventStreamHandler.Configuration = .init(), pipelining: Bool = true,
      between: (any ChannelHandler)? = nil
    ) throws {
      hub = EventHub(channels: ["news"])
      streams = NIOEventStreams(hub, quiescingWindow: .seconds(1))
      streams.mount(EventStreamHandler(hub, configuration: configuration), at: "/events/{channel}")
      let pipeline = channel.pipeline.syncOperations
      try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: pipelining)
      if let between { try pipeline.addHandler(between) }
      try pipeline.addHandler(EventStreamChannelHandler(streams))
      try pipeline.addHandler(HelloHandler())
      // Makes the connection active.
      try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 80)).wait()
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    func send(_ text: String) throws {
      try channel.writeInbound(ByteBuffer(string: text))
      channel.embeddedEventLoop.run()
    }

    func get(_ path: String, _ fields: String...) throws {
      try send("GET \(path) HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
    }

    /// Returns everything written since the last call, after the loop has run everything that is due.
    func received() throws -> String {
      var text = ""
      channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
      while let part = try channel.readOutbound(as: IOData.self) {
        if case .byteBuffer(let buffer) = part { text += String(buffer: buffer) }
      }
      return text
    }

    func pass(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }
  }
#endif
