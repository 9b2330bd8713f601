#if NIO
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import Testing

  extension OverASocket {
    @Suite struct LeftBehindTests {
      @Test func aShutdownWithManyConnectionsLeavesNothingBehind() async throws {
        weak var hubLeft: EventHub?
        weak var streamsLeft: NIOEventStreams?
        do {
          let hub = EventHub(channels: ["news"])
          let server = try await NIOServer(EventStreamHandler(hub), threads: 2)
          (hubLeft, streamsLeft) = (hub, server.streams)
          var readers: [any Channel] = []
          for _ in 0..<200 { readers.append(try await Fetch.open(server.port, "/events/news")) }
          // Some leave in the middle of an event, and some never read it to the end.
          for reader in readers.prefix(50) { try await reader.setOption(.autoRead, value: false).value() }
          try hub.publish(String(repeating: "x", count: 4 << 20), to: "news")
          for reader in readers.prefix(25) { try await reader.close().value() }
          await server.stop(drainingOver: .milliseconds(50))
          #expect(server.streams.readerCount == 0 && hub.statistics.readers == 0)
          #expect(hub.statistics.streamsEnded.values.reduce(0, +) == 200)
          for reader in readers { try? await reader.close().value() }
        }
        let end = ContinuousClock.now + .seconds(60)
        while hubLeft != nil || streamsLeft != nil, ContinuousClock.now < end { await Task.yield() }
        #expect(hubLeft == nil && streamsLeft == nil)
      }
    }
  }
#endif
