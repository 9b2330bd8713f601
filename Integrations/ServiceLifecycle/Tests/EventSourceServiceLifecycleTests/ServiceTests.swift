#if ServiceLifecycle
  import EventSourceClient
  import EventSourceServer
  import EventSourceServiceLifecycle
  import EventSourceTesting
  import Foundation
  import ServiceLifecycle
  import ServiceLifecycleTestKit
  import Testing

  #if os(Linux)
    import EventSourceBuiltInServer
  #endif

  @Suite struct ServiceTests {
    @Test func gracefulShutdownDrainsTheHubAndClosesIt() async throws {
      let hub = EventHub(channels: ["news"])
      try await testGracefulShutdown { trigger in
        async let run: Void = EventHubService(hub, drainWindow: .zero).run()
        trigger.triggerGracefulShutdown()
        try await run
      }
      #expect(throws: PublishError.closed) { try hub.publish("late", to: "news") }
    }

    @Test func cancellationClosesTheHubImmediately() async throws {
      let hub = EventHub(channels: ["news"])
      let task = Task { try await EventHubService(hub, drainWindow: .seconds(3600)).run() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(throws: PublishError.closed) { try hub.publish("late", to: "news") }
    }

    @Test func drainingEndsAtItsDeadline() async throws {
      let hub = EventHub(channels: ["news"])
      // Nothing runs this lane, so its reader never leaves.
      let stack = SimulatedStack(hub: hub)
      let connection = stack.connect(EventStreamHandler(hub), channels: ["news"])
      stack.run()
      try await testGracefulShutdown { trigger in
        let service = EventHubService(hub, drainWindow: .zero, deadline: .milliseconds(10))
        async let run: Void = service.run()
        trigger.triggerGracefulShutdown()
        try await run
      }
      #expect(!connection.isFinished)
      stack.run()
      #expect(connection.isFinished)
    }

    @Test func aCancelledDrainEndsImmediately() async throws {
      let hub = EventHub(channels: ["news"])
      let stack = SimulatedStack(hub: hub)
      _ = stack.connect(EventStreamHandler(hub), channels: ["news"])
      stack.run()
      await testGracefulShutdown { trigger in
        let task = Task { try await EventHubService(hub, drainWindow: .seconds(3600)).run() }
        trigger.triggerGracefulShutdown()
        while stack.wakeUpCount == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
      }
      stack.run()
      #expect(hub.statistics.readers == 0)
    }

    #if os(Linux)
      private func server(_ hub: EventHub) -> BuiltInServer {
        let server = BuiltInServer()
        server.mount(EventStreamHandler(hub), at: "/events/{channel}")
        return server
      }

      @Test func aSourceReadsFromAServerUntilBothAreShutDown() async throws {
        let hub = EventHub(channels: ["news"])
        let server = server(hub)
        let (addresses, listening) = AsyncStream<ListeningAddress>.makeStream()
        try await testGracefulShutdown { trigger in
          async let serving: Void = BuiltInServerService(server, drainWindow: .zero) { listening.yield($0) }.run()
          var iterator = addresses.makeAsyncIterator()
          let address = try #require(await iterator.next())
          let (texts, text) = AsyncStream<String>.makeStream()
          let source = EventSource(URL(string: "\(address.url)/events/news")!)
          async let reading: Void = EventSourceService(source) { text.yield($0.data) }.run()
          while hub.statistics.streamsOpened == 0 { await Task.yield() }
          try hub.publish("hello", to: "news")
          var received = texts.makeAsyncIterator()
          #expect(await received.next() == "hello")
          trigger.triggerGracefulShutdown()
          try await reading
          try await serving
        }
        #expect(hub.statistics.readers == 0)
        #expect(server.addresses.isEmpty)
      }

      @Test func aCancelledServerStopsImmediatelyHoweverLongItsDrainWindow() async throws {
        let hub = EventHub(channels: ["news"])
        let server = server(hub)
        let (addresses, listening) = AsyncStream<ListeningAddress>.makeStream()
        let task = Task {
          try await BuiltInServerService(server, drainWindow: .seconds(3600)) { listening.yield($0) }.run()
        }
        var iterator = addresses.makeAsyncIterator()
        _ = await iterator.next()
        task.cancel()
        try await task.value
        #expect(server.addresses.isEmpty)
      }

      @Test func aHandlerThatThrowsEndsItsService() async throws {
        struct Failure: Error {}
        let hub = EventHub(channels: ["news"])
        let server = server(hub)
        let address = try server.start()
        let source = EventSource(URL(string: "\(address.url)/events/news")!)
        let service = EventSourceService(source) { _ in throw Failure() }
        let running = Task { try await service.run() }
        while hub.statistics.streamsOpened == 0 { await Task.yield() }
        try hub.publish("hello", to: "news")
        await #expect(throws: Failure.self) { try await running.value }
        await server.stop()
      }
    #endif
  }
#endif
