#if NIO
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import NIOEmbedded
  import NIOHTTP1
  import Testing

  @Suite struct ChannelHandlerTests {
    private static let head = "transfer-encoding: chunked\r\n\r\n"

    @Test func requestsForOtherPathsReachTheProgramsHandlerUnchanged() throws {
      let connection = try EmbeddedConnection()
      try connection.send("POST /hello?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
      #expect(try connection.received().hasSuffix("\r\n\r\n/hello?x=1 3\n"))
      try connection.get("/events")
      #expect(try connection.received().hasSuffix("/events 0\n"))
      #expect(connection.streams.readerCount == 0)
    }

    @Test func aStreamBeginsImmediatelyAndGetsWhatIsPublished() throws {
      let connection = try EmbeddedConnection()
      try connection.get("/events/news")
      let opening = try connection.received()
      #expect(opening.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(opening.hasSuffix(Self.head + "2\r\n:\n\r\n"))
      let id = try connection.hub.publish("hello", to: "news")
      let event = "data: hello\nid: \(id)\n\n"
      #expect(try connection.received() == "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
      for pipelining in [true, false] {
        let connection = try EmbeddedConnection(pipelining: pipelining)
        let requests = ["/hello", "/events/none", "/events/news", "/last"].map { path in
          "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
        }
        try connection.send(requests.joined())
        let text = try connection.received()
        #expect(text.contains("/hello 0\n"))
        #expect(text.contains("404 Not Found"))
        #expect(text.hasSuffix(":\n\r\n"))
        #expect(!text.contains("/last"))
        connection.hub.removeChannel("news")
        let rest = try connection.received()
        #expect(rest.contains("0\r\n\r\nHTTP/1.1 200 OK"))
        #expect(rest.hasSuffix("/last 0\n"))
      }
    }

    @Test func aPeerThatKeepsSendingDuringAStreamIsDisconnected() throws {
      let connection = try EmbeddedConnection(pipelining: false)
      try connection.get("/events/news")
      let request = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 4000))\r\n\r\n"
      for _ in 0..<100 where connection.channel.isActive { try? connection.send(request) }
      #expect(!connection.channel.isActive)
      _ = try? connection.received()
      #expect(connection.hub.statistics.readers == 0)
    }

    @Test func anUnneededBodyIsDiscarded() throws {
      let connection = try EmbeddedConnection()
      try connection.send("GET /events/none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
      #expect(try connection.received().contains("404 Not Found"))
      try connection.send("cdeGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try connection.received().hasSuffix("/hello 0\n"))
    }

    @Test func aChannelThatIsNotWritableIsOfferedNothing() throws {
      let connection = try EmbeddedConnection()
      try connection.get("/events/news")
      _ = try connection.received()
      connection.channel.isWritable = false
      try connection.hub.publish("late", to: "news")
      #expect(try connection.received() == "")
      connection.channel.isWritable = true
      connection.channel.pipeline.fireChannelWritabilityChanged()
      #expect(try connection.received().contains("data: late"))
    }

    @Test func heartbeatsComeFromTheLoopsTimer() throws {
      let connection = try EmbeddedConnection()
      try connection.get("/events/news")
      _ = try connection.received()
      connection.pass(.seconds(14))
      #expect(try connection.received() == "")
      connection.pass(.seconds(1))
      #expect(try connection.received() == "3\r\n:\n\n\r\n")
    }

    @Test func aServerThatQuiescesEndsTheStreamAndTheConnection() throws {
      let connection = try EmbeddedConnection()
      try connection.get("/events/news")
      _ = try connection.received()
      connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
      connection.pass(.seconds(1))
      let text = try connection.received()
      #expect(text.contains("retry: ") && text.hasSuffix("0\r\n\r\n"))
      #expect(!connection.channel.isActive)
      #expect(connection.hub.statistics.streamsEnded == [.draining: 1])
    }

    @Test func idleEventsOfAnOpenStreamAreNotForwarded() throws {
      final class Closing: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
          if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
        }
      }
      let connection = try EmbeddedConnection()
      try connection.channel.pipeline.syncOperations.addHandler(Closing())
      try connection.get("/events/news")
      connection.channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
      #expect(connection.channel.isActive)
      connection.hub.removeChannel("news")
      _ = try connection.received()
      connection.channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
      #expect(!connection.channel.isActive)
    }

    @Test func aPeerThatClosesItsSendingSideIsDisconnected() throws {
      let connection = try EmbeddedConnection()
      try connection.get("/events/news")
      connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
      _ = try connection.received()
      #expect(!connection.channel.isActive)
      #expect(connection.hub.statistics.streamsEnded == [.peerDisconnected: 1])
    }

    @Test func removingTheHandlerEndsItsStream() throws {
      let connection = try EmbeddedConnection()
      try connection.get("/events/news")
      let pipeline = connection.channel.pipeline.syncOperations
      let handler = try pipeline.handler(type: EventStreamChannelHandler.self)
      pipeline.removeHandler(handler, promise: nil)
      _ = try connection.received()
      #expect(connection.hub.statistics.streamsEnded == [.peerDisconnected: 1])
      #expect(!connection.channel.isActive)
    }

    @Test func afterCloseStreamsAreRefusedAndOtherRequestsAreServed() async throws {
      let hub = EventHub(channels: ["news"])
      let server = try await NIOServer(EventStreamHandler(hub))
      await server.streams.close()
      #expect(try await Fetch.text(server.port, "/events/news").hasPrefix("HTTP/1.1 503 "))
      #expect(try await Fetch.text(server.port, "/hello").hasSuffix("/hello 0\n"))
      await server.stop(drainingOver: .zero)
    }

    @Test func shuttingDownTheLoopsWithoutClosingRemovesTheReaders() async throws {
      let hub = EventHub(channels: ["news"])
      let server = try await NIOServer(EventStreamHandler(hub))
      let stream = try await Fetch.open(server.port, "/events/news")
      try await server.group.shutdownGracefully()
      #expect(hub.statistics.readers == 0)
      // The wake-up would go to a loop that no longer exists.
      hub.close()
      await server.streams.close()
      try? await stream.close().value()
    }
  }
#endif
