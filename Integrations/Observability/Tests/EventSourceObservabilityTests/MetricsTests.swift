#if Observability
  #if os(Linux)
    import EventSourceBuiltInServer
  #endif
  import EventSourceClient
  import EventSourceObservability
  import EventSourceServer
  import EventSourceTesting
  import Foundation
  import Metrics
  import MetricsTestKit
  import Testing

  @Suite struct MetricsTests {
    @Test func totalsAreCountedOnceAndLevelsAreSet() throws {
      let factory = TestMetrics()
      let hub = EventHub(channels: ["a", "b"])
      let metrics = HubMetrics(hub, dimensions: [("hub", "main")], factory: factory)
      try hub.publish("one", to: "a")
      metrics.report()
      try hub.publish("two", to: "a")
      metrics.report()
      metrics.report()
      let published = try factory.expectCounter("eventsource.events.published", [("hub", "main")])
      #expect(published.totalValue == 2)
      #expect(try factory.expectMeter("eventsource.channels", [("hub", "main")]).lastValue == 2)
      #expect(try factory.expectMeter("eventsource.readers", [("hub", "main")]).lastValue == 0)
      #expect(try factory.expectMeter("eventsource.bytes.held", [("hub", "main")]).lastValue! > 0)
    }

    @Test func endedStreamsAreCountedByTheirReason() async throws {
      let factory = TestMetrics()
      var configuration = EventHub.Configuration()
      configuration.occupancyObservers = [StreamLifetimes(factory: factory)]
      let hub = EventHub(channels: ["a"], configuration: configuration)
      let stack = SimulatedStack(hub: hub)
      let metrics = HubMetrics(hub, factory: factory)
      let connection = stack.connect(EventStreamHandler(hub), channels: ["a"])
      stack.run()
      #expect(hub.statistics.streamsOpened == 1)
      connection.disconnect()
      stack.run()
      metrics.report()
      let ended = try factory.expectCounter("eventsource.streams.ended", [("reason", "peerDisconnected")])
      #expect(ended.totalValue == 1)
      // A task of the hub notifies the observer asynchronously.
      while (try? factory.expectTimer("eventsource.stream.duration", [("reason", "peerDisconnected")])) == nil {
        await Task.yield()
      }
    }

    @Test func aReporterReportsUntilItIsCancelledAndThenOnceMore() async throws {
      let factory = TestMetrics()
      let hub = EventHub(channels: ["a"])
      let metrics = HubMetrics(hub, factory: factory)
      let task = Task { await metrics.run(every: .seconds(3600)) }
      while (try? factory.expectMeter("eventsource.channels")) == nil { await Task.yield() }
      try hub.publish("late", to: "a")
      task.cancel()
      await task.value
      #expect(try factory.expectCounter("eventsource.events.published").totalValue == 1)
    }

    #if os(Linux)
      @Test func aClientCountsItsElements() async throws {
        let factory = TestMetrics()
        let metrics = ClientMetrics(dimensions: [("feed", "a")], factory: factory)
        let hub = EventHub(channels: ["a"])
        let server = BuiltInServer()
        server.mount(EventStreamHandler(hub), at: "/events/{channel}")
        let address = try server.start()
        let source = EventSource(URL(string: "\(address.url)/events/a")!)
        for try await element in metrics.counting(source.elements) {
          if case .opened = element { for number in 0..<3 { try hub.publish("\(number)", to: "a") } }
          if case .event(let message) = element, message.data == "2" { break }
        }
        #expect(try factory.expectCounter("eventsource.client.events", [("feed", "a")]).totalValue == 3)
        #expect(try factory.expectCounter("eventsource.client.connections", [("feed", "a")]).totalValue == 1)
        await server.stop()
      }
    #endif
  }
#endif
