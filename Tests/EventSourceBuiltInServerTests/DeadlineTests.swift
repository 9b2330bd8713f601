import EventSourceBuiltInServer
import EventSourceServer
import Testing

extension OverASocket {
  struct DeadlineTests {
    @Test func aHeadThatDoesNotComeToItsEndIs408() async throws {
      try await withServer({ $0.headTimeout = .milliseconds(200) }) { _, address in
        let client = try TestClient(address)
        client.send("GET /hello HTTP/1.1\r\nHost: x\r\n")
        let response = try await client.response()
        #expect(response.status == 408)
        #expect(response.closes)
        #expect(try await client.end() == .closed)
      }
    }

    /// An occasional byte does not extend the deadline.
    @Test func aHeadThatDripsIs408() async throws {
      try await withServer({ $0.headTimeout = .milliseconds(300) }) { _, address in
        let client = try TestClient(address)
        client.send("GET /hello HTTP/1.1\r\nHost: x\r\nA: ")
        let drip = Task {
          while !Task.isCancelled {
            client.send("a")
            try? await Task.sleep(for: .milliseconds(20))
          }
        }
        #expect(try await client.response().status == 408)
        drip.cancel()
      }
    }

    @Test func aBodyThatDoesNotComeToItsEndIs408() async throws {
      try await withServer({ $0.bodyTimeout = .milliseconds(200) }) { _, address in
        let client = try TestClient(address)
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        #expect(try await client.response().status == 408)
      }
    }

    @Test func aConnectionThatSaysNothingIsClosedWithoutAWord() async throws {
      try await withServer({ $0.headTimeout = .milliseconds(200) }) { _, address in
        let client = try TestClient(address)
        #expect(try await client.end() == .closed)
        #expect(client.received.isEmpty)
      }
    }

    @Test func anIdleConnectionIsClosedWithoutAWord() async throws {
      try await withServer({ $0.keepAliveTimeout = .milliseconds(200) }) { _, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(get("/hello")).status == 200)
        #expect(try await client.end() == .closed)
        #expect(client.received.isEmpty)
      }
    }

    @Test func aReaderThatTakesNothingOfItsResponseIsReset() async throws {
      let records = AccessRecords()
      try await withServer(
        {
          $0.stallTimeout = .milliseconds(200)
          $0.sendBufferBytes = 16_384
        },
        accessLog: records.take,
        routes: { server in
          server.route("GET", at: "/large") { _ in BuiltInResponse(body: [UInt8](repeating: 1, count: 8 << 20)) }
        }
      ) { _, address in
        let client = try TestClient(address, receiveBuffer: 8192)
        client.send(get("/large"))
        // Recorded when the server has closed the connection. The client has read nothing until then.
        #expect(await eventually { records.all.count == 1 })
        #expect(try await client.end() == .reset)
      }
    }

    @Test func aReaderThatTakesNothingOfAStreamedBodyIsReset() async throws {
      let records = AccessRecords()
      try await withServer(
        {
          $0.stallTimeout = .milliseconds(200)
          $0.sendBufferBytes = 16_384
        }, accessLog: records.take, routes: addStreamingRoutes
      ) { _, address in
        let client = try TestClient(address, receiveBuffer: 8192)
        client.send(get("/endless"))
        // Recorded when the server has closed the connection. The client has read nothing until then.
        #expect(await eventually { records.all.count == 1 })
        #expect(try await client.end() == .reset)
      }
    }

    @Test func aRouteMayTakeLongerThanAnyOtherDeadline() async throws {
      try await withServer(
        {
          $0.headTimeout = .milliseconds(100)
          $0.keepAliveTimeout = .milliseconds(100)
          $0.stallTimeout = .milliseconds(100)
        },
        routes: { server in
          server.route("GET", at: "/slow") { _ in
            try await Task.sleep(for: .milliseconds(500))
            return .text("at last")
          }
        }
      ) { _, address in
        let response = try await TestClient(address).exchange(get("/slow"))
        #expect(response.text == "at last")
      }
    }
  }
}
