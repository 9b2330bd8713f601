import EventSourceBuiltInServer
import EventSourceFormat
import EventSourceServer
import Testing

extension OverASocket {
  /// Tests of events from a hub to a reader's socket.
  struct StreamingTests {
    private let hub = EventHub(channels: ["news"])

    private func mountNews(_ server: BuiltInServer) {
      server.mount(EventStreamHandler(hub), at: "/events/{channel}")
      addTestRoutes(server)
    }

    /// Opens a stream and reads its head.
    private func reader(_ address: ListeningAddress, _ fields: String..., receiveBuffer: Int32? = nil) async throws
      -> TestClient
    {
      let client = try TestClient(address, receiveBuffer: receiveBuffer)
      client.send(request("GET", "/events/news", fields: fields))
      let head = try await client.take(until: "\r\n\r\n")
      try #require(head.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(head)")
      client.beginChunks()
      return client
    }

    private func readers(become count: Int) async -> Bool {
      let hub = hub
      return await eventually { hub.statistics.readers == count }
    }

    @Test func theHeadComesBeforeTheFirstEvent() async throws {
      try await withServer(routes: mountNews) { _, address in
        let client = try TestClient(address)
        client.send(get("/events/news"))
        let head = try await client.take(until: "\r\n\r\n")
        #expect(head.contains("\r\nContent-Type: text/event-stream; charset=utf-8\r\n"))
        #expect(head.contains("\r\nDate: "))
        // Chunked, so that the end differs from a broken connection and the connection can serve further requests.
        #expect(head.contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(!head.lowercased().contains("connection:"))
        #expect(!head.lowercased().contains("content-length"))
        client.beginChunks()
        try hub.publish(ServerSentEvent(data: "hello", id: EventID("1")), to: "news")
        #expect(try await client.take(until: "\n\n") == ":\ndata: hello\nid: 1\n\n")
      }
    }

    @Test func theHeadAndTheFirstBytesAreSentTogether() async throws {
      try await withServer(routes: mountNews) { _, address in
        let client = try TestClient(address)
        client.send(get("/events/news"))
        let first = try await client.take { received, _ in
          received.isEmpty ? nil : (received.count, String(decoding: received, as: UTF8.self))
        }
        #expect(first.hasSuffix("\r\n\r\n2\r\n:\n\r\n"), "\(first)")
      }
    }

    @Test func aHeadWithoutAnythingBehindItIsSentAtOnce() async throws {
      let hub = hub
      var configuration = EventStreamHandler.Configuration()
      configuration.openingComment = nil
      let handler = EventStreamHandler(hub, configuration: configuration)
      try await withServer(routes: { $0.mount(handler, at: "/events/{channel}") }) { _, address in
        for version in ["1.0", "1.1"] {
          let client = try TestClient(address)
          client.send("GET /events/news HTTP/\(version)\r\nHost: a\r\n\r\n")
          let head = try await client.take(until: "\r\n\r\n")
          #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(head)")
        }
      }
    }

    @Test(arguments: [1, 2])
    func everyReaderGetsEveryEventInOrder(threads: Int) async throws {
      try await withServer({ $0.threads = threads }, routes: mountNews) { _, address in
        var readers: [TestClient] = []
        for _ in 0..<100 { readers.append(try await reader(address)) }
        var expected = ":\n"
        for number in 0..<500 {
          try hub.publish(ServerSentEvent(data: "event \(number)", id: EventID("\(number)")), to: "news")
          expected += "data: event \(number)\nid: \(number)\n\n"
        }
        for reader in readers {
          #expect(try await reader.take(until: "data: event 499\nid: 499\n\n") == expected)
        }
        #expect(hub.statistics.eventsDelivered == 50_000)
      }
    }

    @Test func aReaderThatReturnsGetsExactlyWhatItMissed() async throws {
      try await withServer(routes: mountNews) { _, address in
        for number in 0..<10 {
          try hub.publish(ServerSentEvent(data: "\(number)", id: EventID("\(number)")), to: "news")
        }
        let client = try await reader(address, "Last-Event-ID: 6")
        #expect(
          try await client.take(until: "data: 9\nid: 9\n\n")
            == ":\ndata: 7\nid: 7\n\ndata: 8\nid: 8\n\ndata: 9\nid: 9\n\n"
        )
      }
    }

    @Test func aReaderThatLeavesIsNoticedAtOnce() async throws {
      try await withServer(routes: mountNews) { _, address in
        for leave in [{ $0.disconnect() }, { $0.reset() }, { $0.finishSending() }] as [@Sendable (TestClient) -> Void] {
          let client = try await reader(address)
          #expect(hub.statistics.readers == 1)
          leave(client)
          #expect(await readers(become: 0))
        }
      }
      #expect(hub.statistics.streamsEnded == [.peerDisconnected: 3])
    }

    @Test func aReaderThatTakesNothingIsResetAndTheOthersDoNotNotice() async throws {
      var configuration = EventStreamHandler.Configuration()
      configuration.stallTimeout = .milliseconds(300)
      let handler = EventStreamHandler(hub, configuration: configuration)
      try await withServer({ $0.sendBufferBytes = 16_384 }, routes: { $0.mount(handler, at: "/events/{channel}") }) {
        _, address in
        let stalled = try await reader(address, receiveBuffer: 8192)
        let other = try await reader(address)
        let data = String(repeating: "x", count: 100_000)
        for number in 0..<5 {
          try await hub.publish(
            ServerSentEvent(data: data, id: EventID("\(number)")), to: "news", waitingUntil: .offered)
          #expect(try await other.take(until: "\n\n").hasSuffix("data: \(data)\nid: \(number)\n\n"))
        }
        #expect(await readers(become: 1))
        #expect(hub.statistics.streamsEnded == [.stalled: 1])
        #expect(try await stalled.end() == .reset)
        #expect(hub.statistics.readers == 1)
      }
    }

    @Test func aSlowReaderGetsEveryByte() async throws {
      try await withServer({ $0.sendBufferBytes = 8192 }, routes: mountNews) { _, address in
        let client = try await reader(address, receiveBuffer: 4096)
        var expected = ":\n"
        for number in 0..<200 {
          let data = String(repeating: "\(number % 10)", count: number * 40)
          try hub.publish(ServerSentEvent(data: data, id: EventID("\(number)")), to: "news")
          expected += "data: \(data)\nid: \(number)\n\n"
        }
        try hub.publish("the end", to: "news")
        let received = try await client.take(until: "data: the end\nid: ", within: 30)
        #expect(received.hasPrefix(expected))
      }
    }

    @Test func aStopDrainsTheStreamsToTheirEnd() async throws {
      let server = BuiltInServer()
      mountNews(server)
      let address = try server.start()
      var readers: [TestClient] = []
      for _ in 0..<20 { readers.append(try await reader(address)) }
      try hub.publish(ServerSentEvent(data: "last", id: EventID("1")), to: "news")
      async let stopped: Void = server.stop(drainingOver: .milliseconds(200))
      for reader in readers {
        #expect(try await reader.end() == .closed)
        #expect(reader.received.hasPrefix(":\ndata: last\nid: 1\n\nretry: "))
        reader.disconnect()
      }
      await stopped
      #expect(hub.statistics.readers == 0)
      #expect(hub.statistics.streamsEnded == [.draining: 20])
    }

    @Test func theHubOutlivesTheServer() async throws {
      let server = BuiltInServer()
      mountNews(server)
      for round in 0..<3 {
        let client = try await reader(try server.start())
        try hub.publish("\(round)", to: "news")
        #expect(try await client.take(until: "\n\n").contains("data: \(round)\n"))
        client.disconnect()
        await server.stop()
      }
    }

    @Test func whatIsNoStreamIsAnsweredAndTheConnectionServesOn() async throws {
      try await withServer(routes: mountNews) { _, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(request("POST", "/events/news", body: "ignored")).status == 405)
        #expect(try await client.exchange(get("/events/news", "Accept: text/html")).status == 406)
        #expect(try await client.exchange(get("/events/other")).status == 404)
        #expect(try await client.exchange(request("OPTIONS", "/events/news")).status < 300)
        let head = try await client.exchange(request("HEAD", "/events/news"), toHead: true)
        #expect(head.status == 200)
        #expect(head["Content-Type"] == "text/event-stream; charset=utf-8")
        #expect(try await client.exchange(get("/hello")).text == "hello\n")
        // Pipelined requests, answered immediately or from the lane.
        client.send(get("/events/other") + request("HEAD", "/events/news") + get("/hello"))
        #expect(try await client.response().status == 404)
        #expect(try await client.response(toHead: true).status == 200)
        #expect(try await client.response().text == "hello\n")
      }
    }

    @Test func whatAClientSendsToItsStreamIsIgnoredUntilItIsTooMuch() async throws {
      try await withServer(routes: mountNews) { _, address in
        let client = try TestClient(address)
        client.send(get("/events/news") + get("/hello"))
        _ = try await client.take(until: "\r\n\r\n")
        client.beginChunks()
        client.send(String(repeating: "x", count: 1000))
        try hub.publish(ServerSentEvent(data: "still", id: EventID("1")), to: "news")
        #expect(try await client.take(until: "\n\n") == ":\ndata: still\nid: 1\n\n")
        client.send(String(repeating: "x", count: 4000))
        _ = try await client.end()
        #expect(await readers(become: 0))
        #expect(hub.statistics.streamsEnded == [.peerDisconnected: 1])
      }
    }

    @Test func aReaderOfHTTP10IsServed() async throws {
      try await withServer(routes: mountNews) { _, address in
        let client = try TestClient(address)
        client.send("GET /events/news HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let head = try await client.take(until: "\r\n\r\n")
        #expect(!head.lowercased().contains("transfer-encoding") && !head.lowercased().contains("keep-alive"))
        try hub.publish(ServerSentEvent(data: "old", id: EventID("1")), to: "news")
        #expect(try await client.take(until: "\n\n") == ":\ndata: old\nid: 1\n\n")
        hub.removeChannel("news")
        #expect(try await client.end() == .closed)
      }
    }

    @Test func aStreamThatEndsLeavesItsConnectionToTheNextRequest() async throws {
      try await withServer(routes: mountNews) { _, address in
        let client = try await reader(address)
        // The next request arrives while the stream is open.
        client.send(get("/hello"))
        try hub.publish(ServerSentEvent(data: "last", id: EventID("1")), to: "news")
        _ = try await client.take(until: "data: last\nid: 1\n\n")
        hub.removeChannel("news")
        #expect(
          await eventually {
            client.lookForMore()
            return client.hasLastChunk
          })
        client.endChunks()
        #expect(try await client.response().text == "hello\n")
      }
    }

    @Test func aBodyThatIsSentToAStreamIsNotKept() async throws {
      try await withServer({ $0.maximumBufferedBytes = 100_000 }, routes: mountNews) { _, address in
        let length = 1_000_000
        for _ in 0..<3 {
          let client = try TestClient(address)
          client.send(request("GET", "/events/news", fields: ["Content-Length: \(length)"]))
          client.send(repeatElement(UInt8(ascii: "x"), count: length))
          let head = try await client.take(until: "\r\n\r\n")
          #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
        // A route would have read the body, which exceeds the memory limit.
        let client = try TestClient(address)
        client.send(request("POST", "/echo", fields: ["Content-Length: \(length)"]))
        client.send(repeatElement(UInt8(ascii: "x"), count: length))
        #expect(try await client.response().status == 503)
        // The buffered memory is released.
        #expect(try await TestClient(address).exchange(request("POST", "/echo", body: "small")).text == "small")
      }
    }

    @Test func oneServerServesSeveralHubs() async throws {
      let second = EventHub(channels: ["news"])
      try await withServer(
        { $0.threads = 2 },
        routes: { server in
          mountNews(server)
          server.mount(EventStreamHandler(second), at: "/second/{channel}")
        }
      ) { _, address in
        let one = try await reader(address)
        let two = try TestClient(address)
        two.send(get("/second/news"))
        _ = try await two.take(until: "\r\n\r\n")
        two.beginChunks()
        try second.publish(ServerSentEvent(data: "two", id: EventID("2")), to: "news")
        try hub.publish(ServerSentEvent(data: "one", id: EventID("1")), to: "news")
        #expect(try await one.take(until: "\n\n") == ":\ndata: one\nid: 1\n\n")
        #expect(try await two.take(until: "\n\n") == ":\ndata: two\nid: 2\n\n")
      }
    }

    @Test func aRefusalReachesAClientThatHasFinishedSending() async throws {
      let handler = EventStreamHandler(hub, authorizer: LateAuthorizer(answer: .rejected(.forbidden)))
      try await withServer(routes: { $0.mount(handler, at: "/events/{channel}") }) { _, address in
        let client = try TestClient(address)
        client.send(get("/events/news"))
        client.finishSending()
        #expect(try await client.response().status == 403)
      }
    }
  }
}

/// Decides after a short delay.
struct LateAuthorizer: ChannelAuthorizer {
  var answer: ChannelAuthorization

  func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization {
    try await Task.sleep(for: .milliseconds(100))
    return answer
  }
}
