import EventSourceServer
import Testing

@testable import EventSourceBuiltInServer

/// The longest and shortest possible durations. The components of the extreme ones do not fit into an integer.
private let times: [Duration] = [
  .seconds(-1.7e20), .seconds(Int64.min), .seconds(-1), .nanoseconds(-1), .zero, .nanoseconds(1), .milliseconds(1),
  .seconds(6), .seconds(86_400), .seconds(86_401), .nanoseconds(Int64.max), .seconds(Int64.max), .seconds(1.7e20),
]

extension OverASocket {
  /// Tests every number and duration of the configuration at its extremes: `validate()` rejects it, or the server
  /// serves.
  struct ExtremeValueTests {
    private static let counts: [(String, @Sendable (inout BuiltInServer.Configuration, Int) -> Void)] = [
      ("port", { $0.port = $1 }), ("threads", { $0.threads = $1 }),
      ("maximumConnections", { $0.maximumConnections = $1 }), ("maximumHeadBytes", { $0.maximumHeadBytes = $1 }),
      ("maximumTargetBytes", { $0.maximumTargetBytes = $1 }), ("maximumBodyBytes", { $0.maximumBodyBytes = $1 }),
      ("maximumBufferedBytes", { $0.maximumBufferedBytes = $1 }),
      ("maximumConnectionsPerPeer", { $0.maximumConnectionsPerPeer = $1 }),
      ("sendBufferBytes", { $0.sendBufferBytes = $1 }),
      ("listeningDescriptor", { $0.listeningDescriptor = Int32(clamping: $1) }),
      ("additionalSockets", { $0.additionalSockets = [.port($1, host: "127.0.0.1")] }),
      ("additionalSockets' descriptor", { $0.additionalSockets = [.descriptor(Int32(clamping: $1))] }),
    ]
    private static let durations: [(String, @Sendable (inout BuiltInServer.Configuration, Duration) -> Void)] = [
      ("headTimeout", { $0.headTimeout = $1 }), ("bodyTimeout", { $0.bodyTimeout = $1 }),
      ("keepAliveTimeout", { $0.keepAliveTimeout = $1 }), ("stallTimeout", { $0.stallTimeout = $1 }),
      ("routeTimeout", { $0.routeTimeout = $1 }), ("peerTimeout", { $0.peerTimeout = $1 }),
      ("crossOrigin.preflightAge", { $0.crossOrigin = CrossOriginPolicy(.any, preflightAge: $1) }),
    ]

    @Test(arguments: counts.map(\.0))
    func aNumberIsRefusedOrServedWith(property: String) async throws {
      let set = try #require(Self.counts.first { $0.0 == property }?.1)
      // Another process may use a port above 0.
      let isPort = property == "port" || property == "additionalSockets"
      let allowed = isPort ? [] : [1, 2, 1024, (1 << 16) - 1, 1 << 30, 1 << 40]
      for value in [Int.min, -1, 0, 1 << 16, Int.max] + allowed { try await serve { set(&$0, value) } }
    }

    @Test(arguments: durations.map(\.0))
    func aTimeIsRefusedOrServedWith(property: String) async throws {
      let set = try #require(Self.durations.first { $0.0 == property }?.1)
      for value in times { try await serve { set(&$0, value) } }
    }

    /// Checks that the server serves with the value, or rejects it with an error instead of a trap.
    private func serve(_ change: (inout BuiltInServer.Configuration) -> Void) async throws {
      do {
        try await withServer(change) { _, address in
          let client = try TestClient(address)
          // With the smallest values, the request is rejected or the connection is closed.
          _ = try? await client.exchange(get("/hello") + request("OPTIONS", "/hello"))
        }
      } catch is BuiltInServerError {}
    }

    @Test func anyTimeIsGoodForARouteAndAStop() async throws {
      for time in times {
        let server = BuiltInServer()
        server.route("GET", at: "/", timeout: time) { _ in .text("answered") }
        let client = try TestClient(try server.start())
        let response = try await client.exchange(get("/"))
        #expect(
          time > .zero ? response.text == "answered" || time < .milliseconds(2) : [200, 503].contains(response.status))
        client.disconnect()
        await server.stop(drainingOver: time)
      }
    }

    @Test func anyTimeIsGoodForARun() async throws {
      for time in times {
        let server = BuiltInServer()
        let run = Task { try await server.run(drainingOver: time, stopsOnSignals: true) }
        #expect(await eventually { server.address != nil })
        run.cancel()
        try await run.value
      }
    }

    @Test(arguments: [Int.min, -1, 0, 99, 100, 199, 600, 1000, Int.max])
    func noStatusOfARouteStopsTheServer(status: Int) async throws {
      try await withServer(routes: { server in
        server.route("GET", at: "/status") { _ in BuiltInResponse(status: status, body: [1]) }
        server.route("GET", at: "/stream") { _ in
          .streaming(contentType: "x", status: status) { try await $0.write("x") }
        }
        server.route("GET", at: "/error") { _ in throw Answer(status: status) }
      }) { _, address in
        let client = try TestClient(address)
        for path in ["/status", "/stream", "/error"] { #expect(try await client.exchange(get(path)).status == 500) }
      }
    }

    private struct Answer: RouteError {
      var status: Int
      var response: BuiltInResponse { BuiltInResponse(status: status) }
    }
  }
}

/// Tests every number and duration of the public values.
struct ExtremePublicValueTests {
  @Test func anyRecordHasALineInEveryFormat() {
    for number in [Int.min, -1, 0, 1, 253_402_300_800, Int.max] {
      for duration in times {
        let record = AccessRecord(
          time: number, peer: nil, method: "GET", target: "/", version: nil, status: number, byteCount: number,
          duration: duration, isStream: false)
        #expect(record.combinedFormat.contains("GMT") == false && record.json.hasSuffix("}"))
      }
    }
    let half = AccessRecord(
      time: 0, peer: nil, method: nil, target: nil, version: nil, status: 0, byteCount: 0,
      duration: .milliseconds(-500), isStream: false)
    #expect(half.json.contains(#""seconds":0.000000"#))
    #expect(half.combinedFormat.contains("[01/Jan/1970:00:00:00 +0000]"))
  }

  @Test func anyAddressHasADescription() {
    for port in [Int.min, -1, 0, Int.max] {
      #expect(ListeningAddress(host: "::1", port: port).url == "http://[::1]:\(port)")
      #expect(ListeningSocket.port(port, host: "::1").description == "[::1]:\(port)")
    }
    #expect(ListeningSocket.descriptor(.min).description == "descriptor \(Int32.min)")
    #expect(ListeningSocket.unix("/a\nb").description == "unix:/a\\u{A}b")
    #expect("\(BuiltInServerError.system(call: "x", errno: .min))".hasPrefix("x failed: "))
    #expect("\(BuiltInServerError.cannotListen(at: "x", call: "y", errno: .max))".hasPrefix("cannot listen at x: y: "))
  }

  @Test(arguments: times)
  func anyMomentIsGoodForATimer(time: Duration) {
    var wheel = TimerWheel(now: .zero)
    wheel.set(1, at: MonotonicClock.now + time.bounded)
    #expect(wheel.nextDeadline != nil)
    #expect(time.bounded.milliseconds >= 0)
  }
}
