import EventSourceBuiltInServer
import EventSourceServer
import Testing

extension OverASocket {
  /// Tests of connections with several requests, with bodies, and with peers that end early.
  struct ConnectionTests {
    @Test func aConnectionServesRequestsOneAfterTheOther() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        for number in 0..<20 {
          #expect(try await client.exchange(request("POST", "/echo", body: "\(number)")).text == "\(number)")
        }
      }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        // More than is read ahead, with a mixture of immediate and asynchronous responses.
        var text = ""
        for number in 0..<1500 { text += get(number % 3 == 0 ? "/nothing" : "/items/\(number)") }
        try await offTheTasksThreads { [text] in client.send(text) }
        for number in 0..<1500 {
          let response = try await client.response()
          #expect(response.status == (number % 3 == 0 ? 404 : 200))
          if number % 3 != 0 { #expect(response.text == "\(number)") }
        }
      }
    }

    @Test func aRequestMayComeByteByByte() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        for byte in request("POST", "/echo", body: "slowly").utf8 { client.send([byte]) }
        #expect(try await client.response().text == "slowly")
      }
    }

    @Test func closeAndHttp10EndTheConnection() async throws {
      try await withServer { _, address in
        for text in [get("/hello", "Connection: close"), "GET /hello HTTP/1.0\r\n\r\n"] {
          let client = try TestClient(address)
          let response = try await client.exchange(text)
          #expect(response.text == "hello\n")
          #expect(response.closes)
          #expect(try await client.end() == .closed)
        }
      }
    }

    @Test func aChunkedBodyIsJoined() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        let head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
        client.send(head + "5;x\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n" + get("/hello"))
        #expect(try await client.response().text == "hello world")
        #expect(try await client.response().text == "hello\n")
      }
    }

    @Test func aClientThatExpectsContinueGetsIt() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        client.send(head)
        #expect(try await client.take(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("body")
        #expect(try await client.response().text == "body")
        // A body that arrives with its head needs no `100 Continue`.
        #expect(try await client.exchange(head + "more").text == "more")
      }
    }

    @Test func aBodyThatNobodyWantsIsNotInvited() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        client.send("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        let response = try await client.response()
        #expect(response.status == 404)
        #expect(response.closes)
      }
    }

    @Test func aClientThatFinishedSendingStillGetsItsResponses() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        client.send(get("/items/1") + get("/items/2"))
        client.finishSending()
        #expect(try await client.response().text == "1")
        #expect(try await client.response().text == "2")
        #expect(try await client.end() == .closed)
      }
    }

    @Test func aSlowReaderGetsAllOfAResponseLargerThanTheSocketHolds() async throws {
      let large = [UInt8](unsafeUninitializedCapacity: 8 << 20) { buffer, count in
        for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
        count = buffer.count
      }
      try await withServer(
        { $0.sendBufferBytes = 16_384 },
        routes: { server in
          server.route("GET", at: "/large") { _ in BuiltInResponse(body: large) }
        }
      ) { _, address in
        let client = try TestClient(address, receiveBuffer: 8192)
        client.send(get("/large") + get("/nothing"))
        #expect(try await client.response(within: 30).body == large)
        #expect(try await client.response().status == 404)
      }
    }

    @Test func garbageNeverHarmsTheServer() async throws {
      try await withServer { _, address in
        var random = SystemRandomNumberGenerator()
        let words = [
          "GET ", "POST ", "/", " HTTP/1.1", "\r\n", "Host: x", "\n", "\0", ": ", "Content-Length: ", "5", "\r",
        ]
        for round in 0..<300 {
          var bytes: [UInt8] = []
          for _ in 0..<Int.random(in: 1..<200, using: &random) {
            if round.isMultiple(of: 2) {
              bytes += words.randomElement(using: &random)!.utf8
            } else {
              bytes.append(.random(in: 0...255, using: &random))
            }
          }
          let client = try TestClient(address)
          client.send(bytes)
          client.disconnect()
        }
        #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
      }
    }
  }
}
