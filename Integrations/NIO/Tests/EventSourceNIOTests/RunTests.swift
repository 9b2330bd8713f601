#if NIO
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import NIOEmbedded
  import NIOHTTP1
  import Testing

  @Suite struct RunTests {
    private func runs(in hub: EventHub) -> RunCollection {
      var configuration = RunCollection.Configuration()
      configuration.streams.openingComment = nil
      return RunCollection(hub, configuration: configuration)
    }

    /// A server whose runs are named by the bodies that start them, and have one token.
    private func server() async throws -> (NIOServer, RunCollection) {
      let hub = EventHub()
      var configuration = EventStreamHandler.Configuration()
      configuration.channels = ["none"]
      let server = try await NIOServer(EventStreamHandler(hub, configuration: configuration))
      let runs = runs(in: hub)
      let handler = RunHandler(runs) { request in
        let run = try runs.start(id: String(decoding: request.body, as: UTF8.self))
        try run.write("token")
        return run
      }
      server.streams.mount(handler, at: "/runs")
      return (server, runs)
    }

    @Test func aPostIsAnsweredByTheRunThatItStarts() async throws {
      let (server, runs) = try await server()
      let head = "POST /runs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      let (channel, opened, all) = try await Fetch.start(server.port, head + "2\r\njo\r\n1\r\nb\r\n0\r\n\r\n")
      try await opened.value()
      try #require(runs["job"]).finish()
      let text = try await all.value()
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.contains("\r\nLocation: /runs/job\r\n"))
      #expect(text.contains("data: token\nid: job-2\n\n") && text.hasSuffix("\r\n0\r\n\r\n"))
      try? await channel.close().value()
      let rest = try await Fetch.text(server.port, "/runs/job", "Last-Event-ID: job-2\r\n")
      #expect(!rest.contains("token") && rest.contains("id: job-3\n\n"))
      let after = try await Fetch.text(server.port, "/runs/job", "Last-Event-ID: job-3\r\n")
      #expect(after.hasPrefix("HTTP/1.1 204 "))
      #expect(try await Fetch.text(server.port, "/runs/none").hasPrefix("HTTP/1.1 404 "))
      #expect(try await Fetch.text(server.port, "/hello").hasSuffix("/hello 0\n"))
      await server.stop(drainingOver: .zero)
    }

    @Test func aRunIsStoppedByARequestAndOutlivesItsViewer() async throws {
      let (server, runs) = try await server()
      let head = "POST /runs HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\njob"
      let (channel, opened, _) = try await Fetch.start(server.port, head)
      try await opened.value()
      try await channel.close().value()
      let run = try #require(runs["job"])
      let end = ContinuousClock.now + .seconds(60)
      while run.viewerCount > 0, ContinuousClock.now < end { await Task.yield() }
      #expect(run.viewerCount == 0 && run.outcome == nil)
      let stop = "DELETE /runs/job HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
      #expect(try await Fetch.start(server.port, stop).all.value().hasPrefix("HTTP/1.1 20"))
      #expect(try await Fetch.text(server.port, "/runs/job").contains("data: token\n"))
      await server.stop(drainingOver: .zero)
    }

    @Test(arguments: ["Content-Length: 11\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"])
    func aBodyLargerThanAllowedIsRefused(rest: String) throws {
      let connection = try EmbeddedConnection()
      let runs = runs(in: connection.hub)
      connection.streams.mount(
        RunHandler(runs) { _ in
          Issue.record("the request has started a run")
          return try runs.start()
        }, at: "/runs", maximumBodyBytes: 10)
      try connection.send("POST /runs HTTP/1.1\r\nHost: a\r\n\(rest)")
      #expect(try connection.received().hasPrefix("HTTP/1.1 413 "))
      try connection.send(rest.hasPrefix("C") ? "01234567890" : "0\r\n\r\n")
      try connection.get("/hello")
      #expect(try connection.received().hasSuffix("/hello 0\n"))
    }

    @Test func aClientThatAsksIsToldToSendTheBody() throws {
      let connection = try EmbeddedConnection()
      let runs = runs(in: connection.hub)
      connection.streams.mount(RunHandler(runs) { _ in try runs.start() }, at: "/runs")
      try connection.send("PUT /runs HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
      #expect(try connection.received() == "HTTP/1.1 100 Continue\r\n\r\n")
      try connection.send("abc")
      #expect(try connection.received().hasPrefix("HTTP/1.1 405 "))
      try connection.get("/hello")
      #expect(try connection.received().hasSuffix("/hello 0\n"))
    }

    @Test func aPeerThatLeavesWithinABodyStartsNothing() throws {
      let connection = try EmbeddedConnection()
      let runs = runs(in: connection.hub)
      connection.streams.mount(
        RunHandler(runs) { _ in
          Issue.record("the request has started a run")
          return try runs.start()
        }, at: "/runs")
      try connection.send("POST /runs HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab")
      _ = try? connection.channel.finish(acceptAlreadyClosed: true)
      #expect(runs.statistics.active == 0)
    }
  }
#endif
