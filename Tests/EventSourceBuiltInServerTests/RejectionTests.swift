import EventSourceBuiltInServer
import EventSourceServer
import Testing

extension OverASocket {
  struct RejectionTests {
    @Test(arguments: refusedRequests)
    func aBadRequestIsAnsweredWithOneLineAndTheConnectionEnds(_ request: RequestExample) async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        client.send(request.text)
        let response = try await client.response()
        #expect(response.status == request.status)
        #expect(response.closes)
        #expect(response.text.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        #expect(try await client.end() == .closed)
      }
    }

    @Test func theConfiguredLimitsHold() async throws {
      try await withServer {
        $0.maximumHeadBytes = 200
        $0.maximumTargetBytes = 50
        $0.maximumBodyBytes = 10
      } _: { _, address in
        let requests = [
          (414, get("/" + String(repeating: "a", count: 50))),
          (431, get("/", "A: " + String(repeating: "a", count: 200))),
          (413, request("POST", "/echo", body: "12345678901")),
          (200, request("POST", "/echo", body: "1234567890")),
        ]
        for (status, text) in requests {
          let response = try await TestClient(address).exchange(text)
          #expect(response.status == status)
        }
      }
    }

    /// The peer is still sending when it is rejected. It receives the reason instead of a reset.
    @Test func aRefusalReachesAPeerThatIsStillSending() async throws {
      try await withServer { _, address in
        let client = try TestClient(address)
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")
        try await offTheTasksThreads { for _ in 0..<50 { client.send([UInt8](repeating: 120, count: 100_000)) } }
        #expect(try await client.response().status == 413)
      }
    }

    @Test func aRefusalIsLoggedWithItsReason() async throws {
      let logger = RecordingLogger()
      try await withServer(logger: logger) { _, address in
        let response = try await TestClient(address).exchange("GET\r\n\r\n")
        #expect(response.status == 400)
      }
      #expect(logger.lines.contains("debug A request was rejected status=400 reason=the method is not a token"))
    }
  }
}
