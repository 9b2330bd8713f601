#if Observability
  import EventSourceFormat
  import EventSourceObservability
  import EventSourceServer
  import InMemoryTracing
  import Metrics
  import MetricsTestKit
  import Testing
  import Tracing

  @Suite struct TracingTests {
    private struct Failure: Error {}

    /// A repository that is unreachable.
    private struct FailingRepository: RecordingEventRepository {
      func events(for request: ReplayRequest) async throws -> ReplayResult { throw Failure() }
      func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] { throw Failure() }
    }

    @Test func aPublicationAndItsRecordingAreSpansBelowTheCallers() async throws {
      let tracer = InMemoryTracer()
      let factory = TestMetrics()
      let hub = EventHub()
      let repository = ObservedEventRepository(InMemoryEventRepository(), tracer: tracer, factory: factory)
      hub.setRepository(repository, for: "orders")
      let publisher = ObservedPublisher(hub, tracer: tracer, factory: factory)
      let id = try await tracer.withSpan("a request") { _ in
        try await publisher.publish("one", to: "orders", waitingUntil: .offered)
      }
      let spans = tracer.finishedSpans
      let request = try #require(spans.first { $0.operationName == "a request" })
      let publish = try #require(spans.first { $0.operationName == "eventsource publish" })
      let record = try #require(spans.first { $0.operationName == "eventsource record" })
      #expect(publish.parentSpanID == request.spanID)
      #expect(record.parentSpanID == publish.spanID)
      #expect(Set(spans.map(\.traceID)).count == 1)
      #expect(publish.attributes.get("messaging.message.id") == .string(id.rawValue))
      #expect(publish.attributes.get("messaging.destination.name") == .string("orders"))
      #expect(try factory.expectTimer("eventsource.publish.duration", [("milestone", "offered")]).values.count == 1)
      #expect(try factory.expectTimer("eventsource.record.duration").values.count == 1)
    }

    @Test func aReplayIsASpan() async throws {
      let tracer = InMemoryTracer()
      let base = InMemoryEventRepository()
      let repository = ObservedEventRepository(base, tracer: tracer, factory: TestMetrics())
      let ids = try await repository.append(["one", "two"].map { ServerSentEvent(data: $0) }, to: "a")
      let answer = try await repository.events(for: ReplayRequest(channel: "a", lastEventID: ids[0]))
      guard case .contiguous(let events) = answer else { return #expect(Bool(false), "\(answer)") }
      #expect(events.map(\.data) == ["two"])
      let replay = try #require(tracer.finishedSpans.first { $0.operationName == "eventsource replay" })
      #expect(replay.attributes.get("eventsource.replay.outcome") == .string("contiguous"))
    }

    @Test func aFailureOfTheStoreIsCountedAndItsErrorRethrown() async throws {
      let tracer = InMemoryTracer()
      let factory = TestMetrics()
      let hub = EventHub()
      let repository = ObservedEventRepository(
        FailingRepository(), dimensions: [("store", "main")], tracer: tracer, factory: factory)
      hub.setRepository(repository, for: "a")
      let publisher = ObservedPublisher(hub, tracer: tracer, factory: factory)
      await #expect(throws: Failure.self) { try await publisher.publish("x", to: "a") }
      let dimensions = [("store", "main"), ("operation", "record")]
      #expect(try factory.expectCounter("eventsource.store.errors", dimensions).totalValue == 1)
      #expect(tracer.finishedSpans.allSatisfy { !$0.errors.isEmpty })
    }

    @Test func aWrappedRepositoryKeepsItsConformances() {
      let inMemory: any EventRepository = ObservedEventRepository(InMemoryEventRepository())
      #expect(inMemory is any RecordingEventRepository)
      #expect((inMemory is any NewestEventReporting) == (InMemoryEventRepository() as Any is any NewestEventReporting))
      let failing: any EventRepository = ObservedEventRepository(FailingRepository())
      #expect(failing is any RecordingEventRepository)
      #expect(!(failing is any NewestEventReporting))
    }

    @Test func aRejectedPublicationThrows() async throws {
      let tracer = InMemoryTracer()
      let publisher = ObservedPublisher(EventHub(), tracer: tracer, factory: TestMetrics())
      await #expect(throws: PublishError.self) { try await publisher.publish("x", to: "nowhere") }
      #expect(tracer.finishedSpans.count == 1)
    }
  }
#endif
