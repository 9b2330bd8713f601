import EventSourceBuiltInServer
import EventSourceServer
import Glibc
import Synchronization
import Testing

extension OverASocket {
  /// Tests of the peer's address, and of the number of connections per peer.
  struct PeerTests {
    @Test func aRouteAndAnAuthorizerSeeThePeerThatATrustedProxyNames() async throws {
      for (trusted, expected) in [("127.0.0.0/8", "203.0.113.7"), ("192.0.2.0/24", "127.0.0.1")] {
        let range = try AddressRange(trusted)
        try await withServer(
          { $0.trustedProxies = TrustedProxies([range], field: .xForwardedFor) },
          routes: { server in
            server.route("GET", at: "/peer") { .text($0.peer ?? "nobody") }
            let handler = EventStreamHandler(EventHub(channels: ["news"]), authorizer: TellingPeer())
            server.mount(handler, at: "/events/{channel}")
          }
        ) { _, address in
          let client = try TestClient(address)
          let field = "X-Forwarded-For: 198.51.100.1, 203.0.113.7"
          #expect(try await client.exchange(get("/peer", field)).text == expected)
          #expect(try await client.exchange(get("/events/news", field)).text == expected + "\n")
        }
      }
    }

    @Test func behindAUnixSocketAProxyIsBelievedIfItIsSoConfigured() async throws {
      for (trusts, expected) in [(true, "203.0.113.7"), (false, "nobody")] {
        var proxies = TrustedProxies([], field: .xForwardedFor)
        proxies.trustsUnixSockets = trusts
        try await withServer(
          {
            $0.unixSocket = "@eventsource-peer-\(getpid())"
            $0.trustedProxies = proxies
          },
          routes: { server in server.route("GET", at: "/peer") { .text($0.peer ?? "nobody") } }
        ) { _, address in
          let client = try TestClient(address)
          #expect(try await client.exchange(get("/peer", "X-Forwarded-For: 203.0.113.7")).text == expected)
        }
      }
    }

    @Test func onePeerHasOnlySoManyConnections() async throws {
      try await withServer({
        $0.maximumConnectionsPerPeer = 2; $0.threads = 2
      }) { _, address in
        let served = [try TestClient(address), try TestClient(address)]
        for client in served { #expect(try await client.exchange(get("/hello")).status == 200) }
        let refused = try TestClient(address)
        let response = try await refused.response()
        #expect(response.status == 429 && response["Retry-After"] == "5" && response.closes)
        served[0].disconnect()
        // There is room again once the server has detected that the peer disconnected.
        for _ in 0..<200 {
          let client = try TestClient(address)
          if try await client.exchange(get("/hello")).status == 200 { return }
        }
        Issue.record("no room was made")
      }
    }

    @Test func aTrustedProxyHasAnyNumberOfConnections() async throws {
      let range = try AddressRange("127.0.0.1")
      try await withServer({
        $0.maximumConnectionsPerPeer = 1
        $0.trustedProxies = TrustedProxies([range], field: .forwarded)
      }) { _, address in
        let clients = try (0..<5).map { _ in try TestClient(address) }
        for client in clients { #expect(try await client.exchange(get("/hello")).status == 200) }
      }
    }
  }

  /// Tests of the records in the access log.
  struct AccessLogTests {
    @Test func everyResponseIsToldWhenItHasBeenSentAndAStreamWhenItHasEnded() async throws {
      let (records, hub) = (AccessRecords(), EventHub(channels: ["news"]))
      let server = BuiltInServer(accessLog: records.take)
      addTestRoutes(server)
      server.mount(EventStreamHandler(hub), at: "/events/{channel}")
      let client = try TestClient(try server.start())
      #expect(try await client.exchange(get("/hello?a=\"b", "User-Agent: te\"st", "Referer: r")).status == 200)
      #expect(try await client.exchange(get("/nowhere")).status == 404)
      client.send(get("/events/news"))
      _ = try await client.take(until: "\r\n\r\n")
      #expect(records.all.count == 2)
      try hub.publish("hello", to: "news")
      _ = try await client.take(until: "\n\n")
      client.disconnect()
      #expect(await eventually { records.all.count == 3 })
      let wrong = try TestClient(server.address!)
      wrong.send("nonsense\r\n\r\n")
      #expect(try await wrong.response().status == 400)
      #expect(await eventually { records.all.count == 4 })
      await server.stop()
      let all = records.all
      #expect(all.map(\.status) == [200, 404, 200, 400])
      #expect(all.map(\.isStream) == [false, false, true, false])
      #expect(all.map(\.method) == ["GET", "GET", "GET", nil])
      #expect(all[0].byteCount == 6 && all[0].peer == "127.0.0.1" && all[0].version == "HTTP/1.1")
      #expect(all[2].byteCount > 15 && all[2].target == "/events/news")
    }

    @Test func aRecordIsALineOfItsFormat() {
      var record = AccessRecord(
        time: 784_111_777, peer: "192.0.2.7", method: "GET", target: "/a\"", version: "HTTP/1.1", status: 200,
        byteCount: 12, duration: .milliseconds(1500), isStream: true, referer: nil, userAgent: "a\u{1b}\\")
      #expect(
        record.combinedFormat
          == #"192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] "GET /a\" HTTP/1.1" 200 12 "-" "a\u001b\\""#)
      #expect(
        record.json
          == #"{"time":784111777,"peer":"192.0.2.7","method":"GET","target":"/a\"","version":"HTTP/1.1","status":200,"#
          + #""bytes":12,"seconds":1.500000,"stream":true,"user_agent":"a\u001b\\"}"#)
      record.method = nil
      record.peer = nil
      #expect(record.combinedFormat.hasPrefix("- - - [06/Nov/1994:08:49:37 +0000] \"-\" 200 12"))
    }
  }
}

/// Rejects each request with its peer as the reason.
private struct TellingPeer: ChannelAuthorizer {
  func authorize(_ request: any EventStreamRequest, for channels: [ChannelName]) async throws -> ChannelAuthorization {
    .rejected(EventStreamRejection(status: 403, reason: request.peer ?? "nobody"))
  }
}
