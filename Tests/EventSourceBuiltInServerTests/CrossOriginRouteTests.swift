import EventSourceBuiltInServer
import EventSourceServer
import Testing

extension OverASocket {
  /// Tests of pages of other origins that read the responses of routes.
  struct CrossOriginRouteTests {
    private static let page = "Origin: https://page.example"

    private func withRoutes(
      _ configure: (inout BuiltInServer.Configuration) -> Void = { _ in }, _ body: (TestClient) async throws -> Void
    ) async throws {
      try await withServer(
        configure,
        routes: { server in
          addTestRoutes(server)
          var policy = CrossOriginPolicy(.listed(["https://page.example"]), allowsCredentials: true)
          policy.allowedFields = ["Content-Type", "X-Token"]
          policy.exposedFields = ["X-Count"]
          server.route("POST", at: "/shared", crossOrigin: policy) { _ in .text("posted") }
          server.route("GET", at: "/shared", crossOrigin: CrossOriginPolicy(.any)) { _ in .text("read") }
          server.route("GET", at: "/late", timeout: .milliseconds(50), crossOrigin: policy) { _ in
            try await Task.sleep(for: .seconds(600))
            return .status(204)
          }
          server.route("GET", at: "/failing", crossOrigin: policy) { _ in throw TestClient.Failure(description: "no") }
          server.route("GET", at: "/own", crossOrigin: CrossOriginPolicy(.any)) { _ in
            BuiltInResponse(fields: [HeaderField("access-control-allow-origin", "https://other.example")])
          }
          server.route("GET", at: "/streamed", crossOrigin: policy) { _ in
            .streaming(contentType: "text/plain") { try await $0.write("x") }
          }
        }
      ) { _, address in try await body(TestClient(address)) }
    }

    @Test func aPreflightIsAnsweredByTheRouteThatItIsAbout() async throws {
      try await withRoutes { client in
        let fields = [Self.page, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: x-token"]
        let answer = try await client.exchange(request("OPTIONS", "/shared", fields: fields))
        #expect(answer.status == 204)
        #expect(answer["Access-Control-Allow-Origin"] == "https://page.example")
        #expect(answer["Access-Control-Allow-Credentials"] == "true")
        #expect(answer["Access-Control-Allow-Methods"] == "GET, HEAD, POST")
        #expect(answer["Access-Control-Allow-Headers"] == "Content-Type, X-Token")
        #expect(answer["Access-Control-Max-Age"] == "3600")
        #expect(answer["Vary"] == "Origin")
        #expect(answer["Allow"] == "POST, GET, HEAD, OPTIONS")
        let other = try await client.exchange(
          request("OPTIONS", "/shared", fields: ["Origin: https://x.example", "Access-Control-Request-Method: POST"]))
        #expect(other.status == 204 && other["Access-Control-Allow-Origin"] == nil && other["Vary"] == "Origin")
        #expect(other["Access-Control-Allow-Methods"] == nil)
        let unserved = try await client.exchange(
          request("OPTIONS", "/shared", fields: [Self.page, "Access-Control-Request-Method: PUT"]))
        #expect(unserved.status == 204 && unserved["Access-Control-Allow-Methods"] == nil)
        let without = try await client.exchange(
          request("OPTIONS", "/hello", fields: [Self.page, "Access-Control-Request-Method: GET"]))
        #expect(without.status == 204 && without["Access-Control-Allow-Origin"] == nil)
      }
    }

    @Test func anAnswerSaysWhoMayReadItAlsoOneThatIsAFailure() async throws {
      try await withRoutes { client in
        let posted = try await client.exchange(request("POST", "/shared", fields: [Self.page]))
        #expect(posted.status == 200 && posted["Access-Control-Allow-Origin"] == "https://page.example")
        #expect(posted["Access-Control-Expose-Headers"] == "X-Count" && posted["Vary"] == "Origin")
        let unknown = try await client.exchange(request("POST", "/shared", fields: ["Origin: https://x.example"]))
        #expect(unknown.status == 200 && unknown["Access-Control-Allow-Origin"] == nil && unknown["Vary"] == "Origin")
        #expect(try await client.exchange(get("/shared"))["Access-Control-Allow-Origin"] == "*")
        for (path, status) in [("/late", 503), ("/failing", 500), ("/late?%", 400)] {
          let answer = try await client.exchange(get(path, Self.page))
          #expect(answer.status == status && answer["Access-Control-Allow-Origin"] == "https://page.example")
        }
        #expect(try await client.exchange(get("/hello", Self.page))["Access-Control-Allow-Origin"] == nil)
        client.send(get("/streamed", Self.page))
        #expect(
          try await client.take(until: "0\r\n\r\n").contains("Access-Control-Allow-Origin: https://page.example\r\n"))
      }
    }

    @Test func aFieldThatTheResponseHasAlreadyIsNotSentTwice() async throws {
      try await withRoutes { client in
        let answer = try await client.exchange(get("/own"))
        let names = answer.fields.filter { $0.name.lowercased() == "access-control-allow-origin" }
        #expect(names.map(\.value) == ["https://other.example"])
      }
    }

    @Test func theConfigurationsPolicyIsForWhatHasNone() async throws {
      try await withRoutes({ $0.crossOrigin = CrossOriginPolicy(.any) }) { client in
        for (line, status) in [(get("/hello"), 200), (get("/nothing"), 404), (request("PUT", "/hello"), 405)] {
          let answer = try await client.exchange(line)
          #expect(answer.status == status && answer["Access-Control-Allow-Origin"] == "*")
        }
        let fields = [Self.page, "Access-Control-Request-Method: POST"]
        let preflight = try await client.exchange(request("OPTIONS", "/echo", fields: fields))
        #expect(preflight["Access-Control-Allow-Methods"] == "GET, HEAD, POST")
        #expect(try await client.exchange(request("POST", "/shared"))["Access-Control-Allow-Origin"] == nil)
      }
    }

    @Test func aPolicyThatIsNotValidIsRefused() async {
      var configuration = BuiltInServer.Configuration()
      configuration.crossOrigin = CrossOriginPolicy(.any, allowsCredentials: true)
      let server = BuiltInServer(configuration: configuration)
      let error = #expect(throws: BuiltInServerError.self) { try server.start() }
      #expect(error?.description.contains("crossOrigin") == true)
      await #expect(processExitsWith: .failure) {
        let policy = CrossOriginPolicy(.any, allowsCredentials: true)
        BuiltInServer().route("GET", at: "/", crossOrigin: policy) { _ in .status(204) }
      }
    }
  }
}
