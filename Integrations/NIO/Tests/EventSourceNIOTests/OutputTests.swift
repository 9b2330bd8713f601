#if NIO
  import EventSourceServer
  import NIOCore
  import NIOEmbedded
  import NIOHTTP1
  import Testing

  @testable import EventSourceNIO

  @Suite struct OutputTests {
    /// A handler that changes every body, as a compressor does.
    private final class Shouting: ChannelOutboundHandler {
      typealias OutboundIn = HTTPServerResponsePart
      typealias OutboundOut = HTTPServerResponsePart

      func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .body(.byteBuffer(let buffer)) = Self.unwrapOutboundIn(data) else {
          return context.write(data, promise: promise)
        }
        let text = ByteBuffer(string: String(buffer: buffer).uppercased())
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(text))), promise: promise)
      }
    }

    /// A handler that counts the parts that it receives.
    private final class Counting: ChannelOutboundHandler {
      typealias OutboundIn = HTTPServerResponsePart
      typealias OutboundOut = HTTPServerResponsePart
      var bodies = 0

      func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .body = Self.unwrapOutboundIn(data) { bodies += 1 }
        context.write(data, promise: promise)
      }
    }

    @Test func aHandlerInBetweenThatChangesBodiesChangesEveryEvent() throws {
      let connection = try EmbeddedConnection(between: Shouting())
      try connection.get("/events/news")
      _ = try connection.received()
      for text in ["one", "two"] {
        try connection.hub.publish(text, to: "news")
        #expect(try connection.received().contains("DATA: \(text.uppercased())\n"))
      }
    }

    @Test func eventsBypassHandlersThatChangeNothing() throws {
      let counting = Counting()
      let connection = try EmbeddedConnection(between: counting)
      try connection.get("/events/news")
      for number in 0..<10 {
        try connection.hub.publish("\(number)", to: "news")
        #expect(try connection.received().contains("data: \(number)\n"))
      }
      #expect(counting.bodies == 1)
    }

    @Test func aResponseToHEADEndsWithItsHead() throws {
      let connection = try EmbeddedConnection()
      try connection.send("HEAD /events/news HTTP/1.1\r\nHost: a\r\n\r\n")
      let text = try connection.received()
      #expect(text.hasSuffix("transfer-encoding: chunked\r\n\r\n"))
      try connection.get("/hello")
      #expect(try connection.received().hasSuffix("/hello 0\n"))
    }

    @Test func readersOfOneWakeShareOneBuffer() throws {
      let hub = EventHub(channels: ["a"])
      let lane = hub.makeLane {}
      let buffers = SharedBuffers()
      let first = Capturing(buffers)
      let second = Capturing(buffers)
      for response in [first, second] {
        let request = ChannelRequest(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), peer: nil)
        _ = EventStreamHandler(hub).serve(request, channels: ["a"], response: response, on: lane)
      }
      _ = lane.run(now: .zero)
      for round in 1...3 {
        try hub.publish("event", to: "a")
        _ = lane.run(now: .seconds(round))
        #expect(first.last == second.last)
        #expect(first.address == second.address)
        let text = try #require(first.last.map { String(buffer: $0) })
        #expect(text.hasSuffix("\n\n\r\n"))
        // Once the buffers have been sent and released, their memory is reused.
        let address = first.address
        (first.last, second.last) = (nil, nil)
        buffers.release()
        if round > 1 { #expect(first.address == address) }
      }
    }

    private final class Capturing: EventStreamResponse {
      private let buffers: SharedBuffers
      var last: ByteBuffer?
      var address: UnsafeRawPointer?

      init(_ buffers: SharedBuffers) { self.buffers = buffers }

      func start(_ head: EventStreamResponseHead) {}
      func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
        last = buffers.buffer(of: bytes, from: 0, count: bytes.count, isFramed: true)
        address = last?.withUnsafeReadableBytes { $0.baseAddress }
        return .accepted(bytes.count)
      }
      func end(_ ending: EventStreamEnding) {}
    }
  }
#endif
