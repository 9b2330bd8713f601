import EventSourceBuiltInServer
import EventSourceServer
import Synchronization
import Testing

extension OverASocket {
  struct RouteTests {
    @Test func aRouteAnswers() async throws {
      try await withServer { _, address in
        let response = try await TestClient(address).exchange(get("/hello"))
        #expect(response.status == 200)
        #expect(response.text == "hello\n")
        #expect(response["Content-Type"] == "text/plain; charset=utf-8")
        #expect(response["Content-Length"] == "6")
        #expect(response["Connection"] == nil)
        #expect(response["Date"]?.hasSuffix(" GMT") == true)
      }
    }

    @Test func aRouteIsGivenTheWholeRequest() async throws {
      let seen = Mutex<BuiltInRequest?>(nil)
      try await withServer(routes: { server in
        server.route("PUT", at: "/a/{b}") { request in
          seen.withLock { $0 = request }
          return .status(204)
        }
      }) { _, address in
        let text = request("PUT", "/a/%C3%A4?x=1&y=a+b", body: "body", fields: ["X-A: 1", "x-a: 2"])
        let response = try await TestClient(address).exchange(text)
        #expect(response.status == 204)
      }
      let given = try #require(seen.withLock { $0 })
      #expect(given.method == "PUT")
      #expect(given.target == "/a/%C3%A4?x=1&y=a+b")
      #expect(given.path == "/a/%C3%A4")
      #expect(given.pathParameters == ["b": "ä"])
      #expect(given.queryItem("y") == "a b")
      #expect(given.fields.values(of: "X-A") == ["1", "2"])
      #expect(given.field("x-a") == "1")
      #expect(given.text == "body")
      #expect(given.peer == "127.0.0.1")
    }

    @Test func headHasTheHeadOfGet() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        client.send(request("HEAD", "/hello") + get("/hello"))
        let head = try await client.response(toHead: true)
        #expect(head["Content-Length"] == "6")
        #expect(try await client.response().text == "hello\n")
      }
    }

    @Test func whatIsNotServedIs404And405() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(get("/nothing")).status == 404)
        let response = try await client.exchange(request("DELETE", "/hello"))
        #expect(response.status == 405)
        #expect(response["Allow"] == "GET, HEAD, OPTIONS")
        let options = try await client.exchange(request("OPTIONS", "/hello"))
        #expect(options.status == 204 && options["Allow"] == "GET, HEAD, OPTIONS")
        #expect(try await client.exchange(request("OPTIONS", "*")).status == 204)
        #expect(try await client.exchange(get("/hello?a=%")).status == 400)
        #expect(try await client.exchange(get("/hello")).status == 200)
      }
    }

    @Test func aRouteThatThrowsIsA500ThatDoesNotTellAndALogLineThatDoes() async throws {
      let logger = RecordingLogger()
      try await withServer(logger: logger) { _, address in
        let client = try TestClient(address)
        let response = try await client.exchange(get("/fails"))
        #expect(response.status == 500)
        #expect(!response.text.contains("secret"))
        #expect(try await client.exchange(get("/hello")).status == 200)
      }
      #expect(logger.lines.contains(#"error A route failed method=GET path=/fails error=the secret\u{A}reason"#))
    }

    @Test func aRouteThatCannotPublishForAReasonInTheRequestSaysSo() async throws {
      var configuration = EventHub.Configuration()
      configuration.maximumEventBytes = 100
      let hub = EventHub(channels: ["news"], configuration: configuration)
      let publish: @Sendable (BuiltInRequest) throws -> BuiltInResponse = { request in
        .text("\(try hub.publish(request.text, to: ChannelName(request.pathParameters["channel"] ?? "")))")
      }
      let logger = RecordingLogger()
      try await withServer(logger: logger, routes: { $0.route("POST", at: "/publish/{channel}") { try publish($0) } }) {
        _, address in
        let client = try TestClient(address)
        func attempt(_ path: String, _ body: String = "x") async throws -> String {
          let response = try await client.exchange(request("POST", path, body: body))
          return "\(response.status) \(response.text)"
        }
        #expect(try await attempt("/publish/newz") == "404 there is no channel \"newz\"\n")
        #expect(try await attempt("/publish/" + String(repeating: "x", count: 300)).hasPrefix("404 a channel's name"))
        #expect(try await attempt("/publish/news", String(repeating: "x", count: 200)).hasPrefix("413 the event has "))
        #expect(try await attempt("/publish/news").hasPrefix("200 "))
        hub.close()
        #expect(try await attempt("/publish/news") == "503 the hub is closed\n")
      }
      #expect(logger.lines.allSatisfy { !$0.hasPrefix("error") })
    }

    @Test func aRouteCannotBreakTheFraming() async throws {
      let logger = RecordingLogger()
      try await withServer(
        logger: logger,
        routes: { server in
          server.route("GET", at: "/inject") { _ in
            let fields = [HeaderField("Location", "/\r\nX: y"), HeaderField("Content-Length", "99")]
            return BuiltInResponse(fields: fields, body: [120])
          }
          server.route("GET", at: "/nonsense") { _ in BuiltInResponse(status: 42) }
          server.route("GET", at: "/nothing") { _ in BuiltInResponse(status: 304, body: [120]) }
          server.route("GET", at: "/reset") { _ in BuiltInResponse(status: 205, body: [120]) }
        }
      ) { _, address in
        let client = try TestClient(address)
        let response = try await client.exchange(get("/inject"))
        #expect(response["X"] == nil)
        #expect(response["Location"] == nil)
        #expect(response.body == [120])
        #expect(try await client.exchange(get("/nonsense")).status == 500)
        #expect(try await client.exchange(get("/nothing")).status == 304)
        let reset = try await client.exchange(get("/reset"))
        #expect(reset.status == 205 && reset["Content-Length"] == "0")
        #expect(try await client.exchange(get("/inject")).status == 200)
      }
      #expect(logger.lines.contains("error A response field was left out: it would end its line name=Location"))
      #expect(logger.lines.contains("error A route answered with a status that cannot be sent status=42"))
    }

    @Test func aRouteAddedToARunningServerServes() async throws {
      try await withServer { server, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(get("/late")).status == 404)
        server.route("GET", at: "/late") { _ in .html("<p>") }
        #expect(try await client.exchange(get("/late")).status == 200)
      }
    }

    @Test func aRouteIsCanceledWhenItsPeerGoesAway() async throws {
      let (began, ended) = (AsyncStream<Void>.makeStream(), AsyncStream<Bool>.makeStream())
      try await withServer(routes: { server in
        server.route("GET", at: "/slow") { _ in
          began.continuation.yield()
          try? await Task.sleep(for: .seconds(60))
          ended.continuation.yield(Task.isCancelled)
          return .status(204)
        }
      }) { _, address in
        let client = try TestClient(address)
        client.send(get("/slow"))
        for await _ in began.stream { break }
        client.reset()
        for await wasCanceled in ended.stream {
          #expect(wasCanceled)
          break
        }
      }
    }
  }
}
