import EventSourceServer
import Synchronization
import Testing

@testable import EventSourceBuiltInServer

extension OverASocket {
  /// Tests of responses that a route writes while they are sent.
  struct StreamedBodyTests {
    @Test func toHTTP11ItIsSentInChunksAndTheConnectionServesOn() async throws {
      try await withServer(routes: {
        addTestRoutes($0); addStreamingRoutes($0)
      }) { _, address in
        let client = try TestClient(address)
        for _ in 0..<3 {
          client.send(get("/count"))
          let head = try await client.take(until: "\r\n\r\n")
          #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("\r\nTransfer-Encoding: chunked\r\n"))
          #expect(head.contains("\r\nContent-Type: text/plain\r\n"))
          #expect(!head.lowercased().contains("connection:") && !head.lowercased().contains("content-length"))
          client.beginChunks()
          #expect(try await client.take(until: "3\n") == "1\n2\n3\n")
          #expect(
            await eventually {
              client.lookForMore(); return client.hasLastChunk
            })
          client.endChunks()
          #expect(try await client.exchange(get("/hello")).status == 200)
        }
      }
    }

    @Test func toHTTP10ItEndsWithTheConnection() async throws {
      try await withServer(routes: addStreamingRoutes) { _, address in
        let client = try TestClient(address)
        client.send("GET /count HTTP/1.0\r\n\r\n")
        let response = try await client.response()
        #expect(response.closes && response["Transfer-Encoding"] == nil && response.text == "1\n2\n3\n")
        #expect(try await client.end() == .closed)
      }
    }

    @Test(arguments: ["HTTP/1.1", "HTTP/1.0"])
    func oneThatFailsDoesNotLookComplete(version: String) async throws {
      let logger = RecordingLogger()
      try await withServer(logger: logger, routes: addStreamingRoutes) { _, address in
        let client = try TestClient(address)
        client.send("GET /broken \(version)\r\nHost: test\r\n\r\n")
        #expect(try await client.end() == .reset)
        #expect(!client.received.contains("secret") && !client.received.hasSuffix("0\r\n\r\n"))
      }
      #expect(logger.lines.contains("error A route failed method=GET path=/broken error=the secret reason"))
    }

    @Test func toHeadAndWithAStatusThatHasNoBodyNothingIsWritten() async throws {
      let writes = Atomic<Int>(0)
      try await withServer(routes: { server in
        addTestRoutes(server)
        server.route("GET", at: "/{status}") { request in
          .streaming(contentType: "text/plain", status: Int(request.pathParameters["status"]!)!) { writer in
            writes.add(1, ordering: .relaxed)
            try await writer.write("x")
          }
        }
      }) { _, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(request("HEAD", "/200"), toHead: true).status == 200)
        for status in [204, 205, 304] { #expect(try await client.exchange(get("/\(status)")).status == status) }
        #expect(try await client.exchange(get("/hello")).status == 200)
        #expect(writes.load(ordering: .relaxed) == 0)
      }
    }

    @Test(arguments: [true, false])
    func theWriterIsCanceledWhenThePeerGoes(resets: Bool) async throws {
      let ended = AsyncStream<Bool>.makeStream()
      try await withServer(routes: { server in
        server.route("GET", at: "/quiet") { _ in
          .streaming(contentType: "text/plain") { writer in
            try await writer.write("begun\n")
            // The route writes nothing, so a failed write cannot reveal the disconnect.
            try? await Task.sleep(for: .seconds(600))
            ended.continuation.yield(Task.isCancelled)
            try await writer.write("too late")
          }
        }
      }) { _, address in
        let client = try TestClient(address)
        client.send(get("/quiet"))
        try await client.take(until: "begun\n")
        if resets { client.reset() } else { client.disconnect() }
        for await wasCanceled in ended.stream {
          #expect(wasCanceled)
          break
        }
      }
    }

    @Test func aWriterWaitsForAPeerThatTakesNothing() async throws {
      let written = Atomic<Int>(0)
      try await withServer(
        { $0.sendBufferBytes = 16_384 },
        routes: { server in
          server.route("GET", at: "/endless") { _ in
            .streaming(contentType: "text/plain") { writer in
              for _ in 0..<100 {
                try await writer.write([UInt8](repeating: 1, count: 1 << 20))
                written.add(1, ordering: .relaxed)
              }
            }
          }
        }
      ) { _, address in
        let client = try TestClient(address, receiveBuffer: 8192)
        client.send(get("/endless"))
        try await client.take(until: "\r\n\r\n")
        // A mebibyte does not fit into the buffers between them.
        #expect(written.load(ordering: .relaxed) == 0)
        client.beginChunks()
        var count = 0
        while count < 100 << 20 {
          count += try await client.take(within: 30) { received, _ in
            received.isEmpty ? nil : (received.count, received.count)
          }
        }
        #expect(
          await eventually {
            client.lookForMore(); return client.hasLastChunk
          })
        #expect(written.load(ordering: .relaxed) == 100)
      }
    }

    @Test func piecesOfASequenceAreSentAsTheyCome() async throws {
      let (texts, more) = AsyncStream<String>.makeStream()
      try await withServer(routes: { server in
        server.route("GET", at: "/texts") { _ in .streaming(texts, contentType: "text/plain") }
        server.route("GET", at: "/bytes") { _ in
          .streaming(
            AsyncStream<[UInt8]> {
              $0.yield([]); $0.yield([97]); $0.finish()
            }, contentType: "text/plain")
        }
      }) { _, address in
        let client = try TestClient(address)
        client.send(get("/texts"))
        try await client.take(until: "\r\n\r\n")
        client.beginChunks()
        for text in ["one\n", "zwölf\n"] {
          more.yield(text)
          #expect(try await client.take(until: "\n") == text)
        }
        more.finish()
        #expect(
          await eventually {
            client.lookForMore(); return client.hasLastChunk
          })
        client.endChunks()
        client.send(get("/bytes"))
        #expect(try await client.take(until: "0\r\n\r\n").hasSuffix("\r\n\r\n1\r\na\r\n0\r\n\r\n"))
      }
    }

    @Test func whatSeveralTasksWriteStaysTogether() async throws {
      try await withServer(routes: { server in
        server.route("GET", at: "/crowd") { _ in
          .streaming(contentType: "text/plain") { writer in
            try await withThrowingTaskGroup { group in
              for number in 0..<8 {
                let line = String(repeating: "\(number)", count: 4000) + "\n"
                group.addTask { for _ in 0..<50 { try await writer.write(line) } }
              }
              try await group.waitForAll()
            }
          }
        }
      }) { _, address in
        let client = try TestClient(address)
        client.send("GET /crowd HTTP/1.0\r\n\r\n")
        let lines = try await client.response(within: 30).text.split(separator: "\n")
        #expect(lines.count == 400)
        #expect(lines.allSatisfy { $0.utf8.count == 4000 && Set($0.utf8).count == 1 })
      }
    }

    @Test func whatIsHeldOfItCountsForTheServersBound() async throws {
      let records = AccessRecords()
      try await withServer(
        {
          $0.sendBufferBytes = 8192
          $0.maximumBufferedBytes = 50_000
        },
        accessLog: records.take,
        routes: {
          addTestRoutes($0); addStreamingRoutes($0)
        }
      ) { _, address in
        let client = try TestClient(address, receiveBuffer: 4096)
        client.send(get("/endless"))
        #expect(await eventually { records.all.count == 1 })
        // Cut off or not begun: the route may have written more than the limit before its head was sent.
        let end = try await client.end()
        #expect(end == .reset || client.received.hasPrefix("HTTP/1.1 503 "))
        #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
      }
    }

    @Test func aStopCutsItOffAfterTheWindowAndLetsItEndBefore() async throws {
      let began = AsyncStream<Void>.makeStream()
      let server = BuiltInServer()
      addStreamingRoutes(server)
      server.route("GET", at: "/slow") { _ in
        .streaming(contentType: "text/plain") { writer in
          try await writer.write("begun, ")
          began.continuation.yield()
          try await Task.sleep(for: .milliseconds(300))
          try await writer.write("done\n")
        }
      }
      let address = try server.start()
      let (slow, endless) = (try TestClient(address), try TestClient(address, receiveBuffer: 8192))
      slow.send(get("/slow"))
      endless.send("GET /endless HTTP/1.0\r\n\r\n")
      for await _ in began.stream { break }
      try await endless.take(until: "xxx")
      await server.stop(drainingOver: .seconds(2))
      #expect(try await slow.take(until: "0\r\n\r\n").contains("done\n"))
      #expect(try await endless.end(within: 30) == .reset)
    }

    @Test func theAccessLogIsToldAtItsEnd() async throws {
      let records = AccessRecords()
      let server = BuiltInServer(accessLog: records.take)
      addStreamingRoutes(server)
      let client = try TestClient(try server.start())
      client.send(get("/count"))
      try await client.take(until: "0\r\n\r\n")
      #expect(await eventually { records.all.count == 1 })
      client.send(get("/endless"))
      try await client.take(until: "xxx")
      #expect(records.all.count == 1)
      client.reset()
      #expect(await eventually { records.all.count == 2 })
      await server.stop()
      let all = records.all
      #expect(all.map(\.status) == [200, 200] && all[0].byteCount == 6 && all[1].byteCount > 0)
      #expect(all.map(\.isStream) == [false, false])
    }
  }

  /// Bodies by themselves.
  struct StreamedBodyValueTests {
    @Test func aBodyCanBeCollected() async throws {
      let body = StreamedBody { writer in
        try await writer.write("a")
        try await writer.write([98])
      }
      #expect(try await body.collected() == [97, 98])
      #expect(body == body)
      #expect(StreamedBody { _ in } != StreamedBody { _ in })
    }
  }
}
