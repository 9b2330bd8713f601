#if Hummingbird
  import EventSourceHummingbird
  import EventSourceServer
  import HTTPTypes
  import Hummingbird
  import HummingbirdTesting
  import NIOCore
  import Testing

  @Suite struct RouterTests {
    /// A context that middleware fills in.
    private struct AppContext: EventStreamRequestContext {
      var coreContext: CoreRequestContextStorage
      let channel: any Channel
      var user: String?

      init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
      }
    }

    /// Middleware that knows one user.
    private struct Authentication: RouterMiddleware {
      func handle(
        _ request: Request, context: AppContext, next: (Request, AppContext) async throws -> Response
      ) async throws -> Response {
        guard request.headers[.authorization] == "Bearer anna" else { throw HTTPError(.unauthorized) }
        var context = context
        context.user = "anna"
        return try await next(request, context)
      }
    }

    /// Middleware that changes every body, as a compressor does.
    private struct Shouting<Context: RequestContext>: RouterMiddleware {
      func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
      ) async throws -> Response {
        var response = try await next(request, context)
        response.body = response.body.map { ByteBuffer(string: String(buffer: $0).uppercased()) }
        return response
      }
    }

    private static func application(_ hub: EventHub) -> some ApplicationProtocol {
      let streams = HummingbirdEventStreams(hub)
      let router = Router(context: AppContext.self)
      router.get("hello") { _, _ in "hello" }
      let handler = EventStreamHandler(
        hub,
        authorizer: ContextAuthorizer<AppContext> { context, channels in
          channels == ["secret"] || context.user == nil
            ? .rejected(.forbidden) : .granted(ChannelGrant(identity: context.user))
        })
      router.group("private").add(middleware: Authentication()).eventStreams("events/{channel}", handler, on: streams)
      router.group("loud").add(middleware: Shouting())
        .eventStreams("events/{channel}", EventStreamHandler(hub), on: streams)
      router.eventStreams("events/{channel}", EventStreamHandler(hub), on: streams)
      router.get("orders/{id}/events") { request, context in
        let id = try context.parameters.require("id")
        return try await streams.response(
          to: request, in: context, with: EventStreamHandler(hub), channels: ["order-\(id)"])
      }
      return Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
    }

    /// Hummingbird's two test frameworks.
    private static let frameworks: [String] = ["router", "live"]

    private func test(
      _ framework: String, _ hub: EventHub, _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
      try await Self.application(hub).test(framework == "router" ? .router : .live) { try await body($0) }
    }

    /// Runs a closure as soon as a stream is open.
    private func whenRead(_ hub: EventHub, _ body: @escaping @Sendable () async throws -> Void) -> Task<Void, any Error>
    {
      Task {
        while hub.statistics.streamsOpened == 0 { await Task.yield() }
        try await body()
      }
    }

    @Test(arguments: frameworks) func refusalsAreCompleteResponses(framework: String) async throws {
      let hub = EventHub(channels: ["news"])
      try await test(framework, hub) { client in
        let missing = try await client.execute(uri: "/events/none", method: .get)
        #expect(missing.status == .notFound)
        #expect(missing.body.readableBytes > 1)
        for (uri, method, status): (String, HTTPRequest.Method, HTTPResponse.Status) in [
          ("/events/news", .delete, .methodNotAllowed), ("/events/a%0A", .get, .badRequest),
          ("/events/%FF", .get, .badRequest), ("/hello", .get, .ok),
        ] {
          let response = try await client.execute(uri: uri, method: method)
          #expect(response.status == status)
        }
      }
      #expect(hub.statistics.readers == 0)
    }

    @Test(arguments: frameworks) func aStreamDeliversEverythingPublishedUntilItEnds(framework: String) async throws {
      let hub = EventHub(channels: ["order-42"])
      try await test(framework, hub) { client in
        let publishing = whenRead(hub) {
          for number in 0..<100 { try hub.publish("\(number)", to: "order-42") }
          hub.removeChannel("order-42")
        }
        let response = try await client.execute(uri: "/orders/42/events", method: .get)
        try await publishing.value
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "text/event-stream; charset=utf-8")
        let text = String(buffer: response.body)
        #expect(text.matches(of: /data: \d+\n/).count == 100)
        #expect(text.contains("retry: "))
      }
      #expect(hub.statistics.readers == 0)
    }

    @Test(arguments: frameworks) func earlierMiddlewareDecidesFirst(framework: String) async throws {
      let hub = EventHub(channels: ["news", "secret"])
      try await test(framework, hub) { client in
        let anonymous = try await client.execute(uri: "/private/events/news", method: .get)
        #expect(anonymous.status == .unauthorized)
        #expect(hub.statistics.requestsRejected == 0)
        let anna: HTTPFields = [.authorization: "Bearer anna"]
        let refused = try await client.execute(uri: "/private/events/secret", method: .get, headers: anna)
        #expect(refused.status == .forbidden)
        let publishing = whenRead(hub) {
          try await hub.publish("for anna", to: "news", waitingUntil: .offered)
          while hub.statistics.eventsDelivered == 0 { await Task.yield() }
          hub.revokeStreams(of: "anna")
        }
        let granted = try await client.execute(uri: "/private/events/news", method: .get, headers: anna)
        try await publishing.value
        #expect(String(buffer: granted.body).contains("data: for anna\n"))
      }
      #expect(hub.statistics.streamsEnded == [.revoked: 1])
    }

    @Test(arguments: frameworks) func middlewareThatChangesBodiesChangesEveryEvent(framework: String) async throws {
      let hub = EventHub(channels: ["news"])
      try await test(framework, hub) { client in
        let publishing = whenRead(hub) {
          for number in 0..<50 { try hub.publish("event \(number)", to: "news") }
          hub.removeChannel("news")
        }
        let response = try await client.execute(uri: "/loud/events/news", method: .get)
        try await publishing.value
        let text = String(buffer: response.body)
        #expect(text.matches(of: /DATA: EVENT \d+\n/).count == 50)
        #expect(!text.contains("data"))
      }
    }

    @Test(arguments: frameworks) func anAuthorizerForAnotherContextIsAnErrorOfTheProgram(framework: String) async throws
    {
      let hub = EventHub(channels: ["news"])
      let streams = HummingbirdEventStreams(hub)
      let router = Router(context: BasicEventStreamRequestContext.self)
      let authorizer = ContextAuthorizer<AppContext> { _, _ in .granted }
      router.eventStreams("events/{channel}", EventStreamHandler(hub, authorizer: authorizer), on: streams)
      let app = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
      try await app.test(framework == "router" ? .router : .live) { client in
        let response = try await client.execute(uri: "/events/news", method: .get)
        #expect(response.status == .serviceUnavailable)
      }
    }
  }
#endif
