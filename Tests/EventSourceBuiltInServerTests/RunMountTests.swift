import EventSourceBuiltInServer
import EventSourceServer
import Testing

extension OverASocket {
  /// Tests of runs in the built-in server: a mount, and a route that responds with a run.
  struct RunMountTests {
    private func withRuns(
      _ change: (inout RunCollection.Configuration) -> Void = { _ in },
      _ body: (RunCollection, ListeningAddress) async throws -> Void
    ) async throws {
      var configuration = RunCollection.Configuration()
      configuration.streams.openingComment = nil
      change(&configuration)
      let runs = RunCollection(EventHub(), configuration: configuration)
      try await withServer(routes: { server in
        addTestRoutes(server)
        server.route("POST", at: "/v1/answers") { request in
          let run = try runs.start(id: request.text)
          return .run(run, location: "/runs/\(run.id)")
        }
        server.mount(RunHandler(runs) { try runs.start(id: String(decoding: $0.body, as: UTF8.self)) }, at: "/runs")
      }) { _, address in try await body(runs, address) }
    }

    /// Reads the response to its end, which is the end of the connection for HTTP/1.0.
    private func read(_ address: ListeningAddress, _ field: String) async throws -> TestResponse {
      let client = try TestClient(address)
      client.send("GET /runs/job HTTP/1.0\r\n\(field)\r\n\r\n")
      return try await client.response()
    }

    @Test(arguments: ["/runs", "/v1/answers"])
    func aPostIsAnsweredByTheRunThatItStarts(path: String) async throws {
      try await withRuns { runs, address in
        let client = try TestClient(address)
        client.send(request("POST", path, body: "job"))
        let head = try await client.take(until: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("\r\nLocation: /runs/job\r\n"))
        #expect(head.contains("\r\nContent-Type: text/event-stream; charset=utf-8\r\n"))
        client.beginChunks()
        _ = try await client.take(until: "id: job-1\n\n")
        let run = try #require(runs["job"])
        try run.write("token")
        #expect(try await client.take(until: "id: job-2\n\n") == "data: token\nid: job-2\n\n")
        try run.finish()
        _ = try await client.take(until: "id: job-3\n\n")
        #expect(
          await eventually {
            client.lookForMore(); return client.hasLastChunk
          })
        client.endChunks()
        // The connection can serve further requests.
        let done = try await client.exchange(request("GET", "/runs/job", fields: ["Last-Event-ID: job-3"]))
        #expect(done.status == 204)
        let again = try await read(address, "Last-Event-ID: job-2")
        #expect(again.status == 200 && again.text.hasSuffix("id: job-3\n\n"))
      }
    }

    @Test func aRunOutlivesTheConnectionThatStartedIt() async throws {
      try await withRuns { runs, address in
        do {
          let client = try TestClient(address)
          client.send(request("POST", "/runs", body: "job"))
          _ = try await client.take(until: "\r\n\r\n")
          client.beginChunks()
          _ = try await client.take(until: "id: job-1\n\n")
          #expect(runs["job"]?.viewerCount == 1)
        }
        #expect(await eventually { runs["job"]?.viewerCount == 0 })
        try runs["job"]?.write("token")
        try runs["job"]?.finish()
        let rest = try await read(address, "Last-Event-ID: job-1")
        #expect(rest.text.hasPrefix("data: token\nid: job-2\n\n"))
      }
    }

    @Test func aRunIsStoppedAndReadAsJSONLines() async throws {
      try await withRuns { runs, address in
        let run = try runs.start(id: "job")
        try run.write("token")
        let client = try TestClient(address)
        #expect(try await client.exchange(request("DELETE", "/runs/job")).status == 204)
        let lines = try await read(address, "Accept: application/json")
        #expect(lines["Content-Type"] == "application/jsonl")
        #expect(lines.text.split(separator: "\n").count == 3)
        #expect(try await client.exchange(request("DELETE", "/runs/none")).status == 404)
        #expect(try await client.exchange(request("PUT", "/runs/job")).status == 405)
        #expect(try await client.exchange(request("OPTIONS", "/runs")).status == 204)
        #expect(try await client.exchange(get("/hello")).status == 200)
      }
    }
  }
}
