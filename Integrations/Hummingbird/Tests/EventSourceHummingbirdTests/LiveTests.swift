#if Hummingbird
  import EventSourceHummingbird
  import EventSourceServer
  import Hummingbird
  import NIOCore
  import NIOPosix
  import Testing

  extension OverASocket {
    @Suite struct LiveTests {
      private static let waiting = Duration.seconds(60)

      private func wait(for condition: @Sendable () -> Bool) async throws {
        let end = ContinuousClock.now + Self.waiting
        while !condition() {
          try #require(ContinuousClock.now < end, "waited a minute")
          await Task.yield()
        }
      }

      @Test(arguments: [HummingbirdServer.Version.http1, .http2])
      func aShutdownDrainsTheStreams(version: HummingbirdServer.Version) async throws {
        let hub = EventHub(channels: ["news"])
        let server = try await HummingbirdServer(EventStreamHandler(hub), version)
        var readers: [Reader] = []
        for _ in 0..<20 { readers.append(try await Reader(server.port, "/events/news")) }
        try await wait { hub.statistics.streamsOpened == 20 }
        try hub.publish("the last", to: "news")
        await server.shutDownGracefully()
        for reader in readers {
          let text = try await reader.all.get()
          #expect(text.contains("data: the last\n"))
          #expect(text.contains("retry: "))
          // Over HTTP/2 Hummingbird may close the connection before the end has been sent.
          if version == .http1 { #expect(text.hasSuffix("0\r\n\r\n")) }
        }
        #expect(hub.statistics.streamsEnded == [.draining: 20])
        await server.stop(drainingOver: .zero)
      }

      @Test func aReaderThatLeavesMidEventIsRemoved() async throws {
        let hub = EventHub(channels: ["news"])
        let server = try await HummingbirdServer(EventStreamHandler(hub))
        for round in 0..<3 {
          let reader = try await Reader(server.port, "/events/news", reads: false)
          try await wait { hub.statistics.streamsOpened == round + 1 }
          for _ in 0..<5 { try hub.publish(String(repeating: "x", count: 1 << 20), to: "news") }
          // The hub may already have disconnected the reader, because it was too slow.
          try? await reader.channel.close().get()
          try await wait { hub.statistics.readers == 0 }
        }
        await server.stop(drainingOver: .zero)
        #expect(server.streams.readerCount == 0)
      }

      @Test func aRouteThatThrowsAfterItsHeadAffectsNoStream() async throws {
        struct Broken: Error {}
        let hub = EventHub(channels: ["news"])
        let server = try await HummingbirdServer(EventStreamHandler(hub)) { router in
          router.get("broken") { _, _ in
            Response(
              status: .ok,
              body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: "half"))
                throw Broken()
              })
          }
        }
        let stream = try await Reader(server.port, "/events/news")
        try await wait { hub.statistics.streamsOpened == 1 }
        let broken = try await Reader(server.port, "/broken").all.get()
        #expect(broken.contains("half") && !broken.hasSuffix("0\r\n\r\n"))
        try hub.publish("still here", to: "news")
        hub.removeChannel("news")
        #expect(try await stream.all(until: "retry: ").contains("data: still here\n"))
        await server.stop(drainingOver: .zero)
      }

      @Test(arguments: [(HummingbirdServer.Version.http1, 200), (.http2, 20)])
      func aShutdownWithManyConnectionsLeavesNothingBehind(version: HummingbirdServer.Version, count: Int) async throws
      {
        weak var hubLeft: EventHub?
        weak var streamsLeft: HummingbirdEventStreams?
        do {
          let hub = EventHub(channels: ["news"])
          let server = try await HummingbirdServer(EventStreamHandler(hub), version)
          (hubLeft, streamsLeft) = (hub, server.streams)
          var readers: [Reader] = []
          for number in 0..<count {
            readers.append(try await Reader(server.port, "/events/news", reads: number >= count / 4))
          }
          try await wait { hub.statistics.streamsOpened == count }
          // Some leave in the middle of an event, and some never read it to the end.
          try hub.publish(String(repeating: "x", count: 4 << 20), to: "news")
          for reader in readers.prefix(count / 8) { try await reader.channel.close().get() }
          await server.shutDownGracefully()
          await server.stop(drainingOver: .milliseconds(50))
          #expect(server.streams.readerCount == 0 && hub.statistics.readers == 0)
          #expect(hub.statistics.streamsEnded.values.reduce(0, +) == count)
          for reader in readers { try? await reader.channel.close().get() }
        }
        let end = ContinuousClock.now + Self.waiting
        while hubLeft != nil || streamsLeft != nil, ContinuousClock.now < end { await Task.yield() }
        #expect(hubLeft == nil && streamsLeft == nil)
      }

      @Test func aRouteDoesNotWaitForTheAuthorizerWhenTheReaderHasLeft() async throws {
        let (ends, canceled) = AsyncStream<Void>.makeStream()
        let hub = EventHub(channels: ["news"])
        let server = try await HummingbirdServer(EventStreamHandler(hub, authorizer: SlowAuthorizer(canceled)))
        let reader = try await Reader(server.port, "/events/news")
        try await wait { hub.statistics.readers == 1 }
        try await reader.channel.close().get()
        var iterator = ends.makeAsyncIterator()
        await iterator.next()
        try await wait { hub.statistics.readers == 0 }
        await server.stop(drainingOver: .zero)
      }

      /// An authorizer that decides only when it is cancelled.
      private struct SlowAuthorizer: ChannelAuthorizer {
        let canceled: AsyncStream<Void>.Continuation

        init(_ canceled: AsyncStream<Void>.Continuation) { self.canceled = canceled }

        func authorize(
          _ request: any EventStreamRequest, for channels: [ChannelName]
        ) async throws -> ChannelAuthorization {
          for await _ in AsyncStream<Void>.makeStream().stream {}
          canceled.yield()
          return .granted
        }
      }
    }
  }
#endif
