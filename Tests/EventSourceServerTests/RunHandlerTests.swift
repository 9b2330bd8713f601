import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of a collection of runs as an endpoint: the response to each request, and the authorization before it.
@Suite struct RunHandlerTests {
  /// An authorizer that records its calls and decides by a field.
  private final class Authorizer: ChannelAuthorizer {
    let asked = Mutex<[String]>([])

    func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization
    {
      asked.withLock { $0.append("\(request.method) \(channels[0])") }
      guard let who = request.fields.values(of: "Authorization").first else { return .rejected(.unauthorized()) }
      return .granted(ChannelGrant(identity: who))
    }
  }

  private let executor = ManualTaskExecutor()
  private let started = Starts()

  private final class Starts: Sendable {
    let bodies = Mutex<[String]>([])
  }

  private func make(
    answer: RunHandler.Answer = .stream, authorizer: (any ChannelAuthorizer)? = nil,
    _ change: (inout RunCollection.Configuration) -> Void = { _ in }
  ) -> (RunHandler, SimulatedStack) {
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    var configuration = RunCollection.Configuration()
    configuration.streams.openingComment = nil
    change(&configuration)
    let runs = RunCollection(hub, configuration: configuration, authorizer: authorizer)
    let handler = RunHandler(runs, answer: answer) { [started] request in
      let text = String(decoding: request.body, as: UTF8.self)
      started.bodies.withLock { $0.append("\(request.identity ?? "?") \(text)") }
      if text == "refuse" { throw EventStreamRejection(status: 422, reason: "not this") }
      if text == "throw" { throw RunError.invalidID("x") }
      return try runs.start(id: text.isEmpty ? nil : text)
    }
    return (handler, SimulatedStack(hub: hub))
  }

  private func send(
    _ handler: RunHandler, _ stack: SimulatedStack, _ method: String, run id: String? = nil, body: String = "",
    _ fields: [(String, String)] = [], target: String = "/runs"
  ) -> SimulatedStack.Connection {
    let fields = fields.map { HeaderField($0.0, $0.1) }
    let target = id.map { "\(target)/\($0)" } ?? target
    let connection = stack.connect(
      handler, SimulatedRequest(method: method, target: target, fields: fields), body: Array(body.utf8), run: id)
    settle(stack, executor)
    return connection
  }

  private func text(_ connection: SimulatedStack.Connection) -> String {
    guard case .bytes(let bytes)? = connection.response.head?.body else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func postingStartsARunAndStreamsItWithItsLocation() throws {
    let (handler, stack) = make()
    let viewer = send(handler, stack, "POST", body: "job", target: "/api/runs?x=1")
    #expect(viewer.response.head?.status == 200)
    #expect(viewer.response.head?.fields.values(of: "Location") == ["/api/runs/job"])
    #expect(viewer.response.text == "event: eventsource-run\ndata: {\"run\":\"job\"}\nid: job-1\n\n")
    let run = try #require(handler.runs["job"])
    try run.write("token")
    viewer.disconnect()
    try run.finish()
    let again = send(handler, stack, "GET", run: "job", [("Last-Event-ID", "job-1")])
    #expect(again.response.text.hasPrefix("data: token\nid: job-2\n\nevent: eventsource-end\n"))
    #expect(again.response.ending == .complete)
    #expect(send(handler, stack, "GET", run: "job", [("Last-Event-ID", "job-3")]).response.head?.status == 204)
  }

  @Test func postingCanRespondWithALocationOnly() throws {
    let (handler, stack) = make(answer: .created)
    let created = send(handler, stack, "POST", body: "job")
    #expect(created.response.head?.status == 201 && created.isFinished)
    #expect(created.response.head?.fields.values(of: "Location") == ["/runs/job"])
    #expect(text(created) == "{\"run\":\"job\",\"location\":\"/runs/job\"}\n")
    #expect(handler.runs["job"]?.viewerCount == 0)
  }

  @Test func aRepeatedPostWithALastEventIDResumesAndStartsNothing() throws {
    let (handler, stack) = make()
    _ = send(handler, stack, "POST", body: "job-7")
    try handler.runs["job-7"]?.write("token")
    let again = send(handler, stack, "POST", body: "job-7", [("Last-Event-ID", "job-7-1")])
    #expect(again.response.text == "data: token\nid: job-7-2\n\n")
    #expect(send(handler, stack, "POST", [("Last-Event-ID", "gone-1")]).response.head?.status == 404)
    #expect(send(handler, stack, "POST", [("Last-Event-ID", "nonsense")]).response.head?.status == 404)
    #expect(started.bodies.withLock { $0 }.count == 1)
  }

  @Test func anUnknownRunIsNamed() throws {
    let (handler, stack) = make()
    let unknown = send(handler, stack, "GET", run: "nope")
    #expect(unknown.response.head?.status == 404 && text(unknown) == "there is no run \"nope\"\n")
  }

  @Test func deletingStopsOnceAndIsRepeatable() throws {
    let (handler, stack) = make()
    let viewer = send(handler, stack, "POST", body: "job")
    #expect(send(handler, stack, "DELETE", run: "job").response.head?.status == 204)
    #expect(viewer.response.text.contains("\"outcome\":\"stopped\"") && viewer.response.ending == .complete)
    #expect(send(handler, stack, "DELETE", run: "job").response.head?.status == 204)
    #expect(send(handler, stack, "DELETE", run: "other").response.head?.status == 404)
    #expect(send(handler, stack, "DELETE", run: "a/b").response.head?.status == 404)
  }

  @Test func aStopIsAcceptedBeforeTheProducerFollowsIt() throws {
    let (handler, stack) = make { $0.stopGrace = .seconds(1) }
    _ = send(handler, stack, "POST", body: "job")
    #expect(send(handler, stack, "DELETE", run: "job").response.head?.status == 202)
    stack.advance(by: .seconds(1))
    #expect(handler.runs["job"]?.outcome == .stopped(.requested(by: nil)))
  }

  @Test func theAuthorizerIsAskedBeforeEverything() throws {
    let authorizer = Authorizer()
    let (handler, stack) = make(authorizer: authorizer)
    for (method, id) in [("POST", nil), ("GET", "job"), ("HEAD", "job"), ("DELETE", "job")] {
      #expect(send(handler, stack, method, run: id, body: "job").response.head?.status == 401)
    }
    #expect(started.bodies.withLock { $0 }.isEmpty)
    let anna = [("Authorization", "anna")]
    _ = send(handler, stack, "POST", body: "job", anna)
    #expect(started.bodies.withLock { $0 } == ["anna job"])
    _ = send(handler, stack, "DELETE", run: "job", anna)
    #expect(handler.runs["job"]?.stopRequest == .requested(by: "anna"))
    #expect(
      authorizer.asked.withLock { $0 } == [
        "POST runs", "GET runs/job", "HEAD runs/job", "DELETE runs/job", "POST runs", "DELETE runs/job",
      ])
  }

  @Test func headOptionsAndOtherMethods() throws {
    let (handler, stack) = make { $0.streams.crossOrigin = CrossOriginPolicy(.any) }
    _ = send(handler, stack, "POST", body: "job")
    let head = send(handler, stack, "HEAD", run: "job")
    #expect(head.response.head?.status == 200 && head.response.head?.body == EventStreamResponseHead.Body.none)
    #expect(handler.runs["job"]?.viewerCount == 1)
    for (id, method) in [(nil, "POST"), ("job", "DELETE")] {
      let preflight = send(
        handler, stack, "OPTIONS", run: id,
        [("Origin", "https://a.example"), ("Access-Control-Request-Method", method)])
      let fields = try #require(preflight.response.head).fields
      #expect(preflight.response.head?.status == 204)
      #expect(fields.values(of: "Access-Control-Allow-Methods").first?.contains(method) == true)
      let allowed = fields.values(of: "Access-Control-Allow-Headers").first ?? ""
      for name in ["Content-Type", "Last-Event-ID", "Authorization"] { #expect(allowed.contains(name)) }
    }
    let viewer = send(handler, stack, "GET", run: "job", [("Origin", "https://a.example")])
    #expect(viewer.response.head?.fields.values(of: "Access-Control-Expose-Headers") == ["Location"])
    #expect(
      send(handler, stack, "PUT", run: "job").response.head?.fields.values(of: "Allow") == [
        "GET, HEAD, DELETE, OPTIONS"
      ])
    #expect(send(handler, stack, "GET").response.head?.fields.values(of: "Allow") == ["POST, OPTIONS"])
  }

  @Test func anErrorOfTheApplicationIsTheResponseOrA500() throws {
    let (handler, stack) = make()
    let refused = send(handler, stack, "POST", body: "refuse")
    #expect(refused.response.head?.status == 422 && text(refused) == "not this\n")
    let failed = send(handler, stack, "POST", body: "throw")
    #expect(failed.response.head?.status == 500 && text(failed) == "internal server error\n")
    #expect(handler.runs.hub.statistics.readers == 0)
  }

  @Test func aPeerThatLeavesBeforeTheRunStartsIsRemoved() throws {
    let (handler, stack) = make()
    let request = SimulatedRequest(method: "POST", target: "/runs")
    let gone = stack.connect(handler, request, body: Array("job".utf8))
    stack.run()
    gone.disconnect()
    settle(stack, executor)
    #expect(handler.runs.hub.statistics.readers == 0)
    // The application had already been called, so the run continues and can be viewed.
    #expect(handler.runs["job"]?.viewerCount == 0)
    handler.runs.hub.close()
    #expect(send(handler, stack, "POST").response.head?.status == 503)
  }

  @Test func aRequestDoesNotWaitForAHangingApplicationIndefinitely() throws {
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    let runs = RunCollection(hub)
    let handler = RunHandler(runs) { _ in
      try await Task.sleep(for: .seconds(1_000_000))
      return try runs.start()
    }
    let stack = SimulatedStack(hub: hub)
    let waiting = stack.connect(handler, SimulatedRequest(method: "POST", target: "/runs"))
    settle(stack, executor)
    stack.advance(by: .seconds(30))
    #expect(waiting.response.head?.status == 503 && waiting.isFinished)
  }
}
