import EventSourceBuiltInServer
import EventSourceServer
import Testing

extension OverASocket {
  struct ConnectionLimitTests {
    @Test(arguments: [1, 2])
    func oneBeyondTheLimitIsToldSo(threads: Int) async throws {
      let logger = RecordingLogger()
      try await withServer(
        {
          $0.maximumConnections = 3
          $0.threads = threads
        },
        logger: logger
      ) { _, address in
        var served: [TestClient] = []
        for _ in 0..<3 {
          let client = try TestClient(address)
          #expect(try await client.exchange(get("/hello")).status == 200)
          served.append(client)
        }
        for _ in 0..<2 {
          let refused = try TestClient(address)
          let response = try await refused.response()
          #expect(response.status == 503)
          #expect(response["Retry-After"] == "5")
          #expect(response.closes)
          #expect(try await refused.end() == .closed)
          refused.disconnect()
        }
        #expect(try await served[0].exchange(get("/hello")).status == 200)
        served.removeLast().disconnect()
        // There is room again once the server has detected that the peer disconnected.
        for _ in 0..<200 {
          let client = try TestClient(address)
          if try await client.exchange(get("/hello")).status == 200 { return }
        }
        Issue.record("no room was made")
      }
      #expect(logger.lines.filter { $0.contains("The server is full") }.count == 1)
    }

    @Test func manyBeyondTheLimitAreAllAnswered() async throws {
      try await withServer({ $0.maximumConnections = 1 }) { _, address in
        let one = try TestClient(address)
        #expect(try await one.exchange(get("/hello")).status == 200)
        let others = try (0..<200).map { _ in try TestClient(address) }
        for other in others {
          #expect(try await other.response(within: 30).status == 503)
          other.disconnect()
        }
      }
    }
  }
}
