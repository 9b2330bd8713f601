import EventSourceBuiltInServer
import Testing

extension OverASocket {
  /// Every number and duration of the configuration at its extremes: `validate()` refuses it, or the server serves.
  struct ExtremeValueTests {
    private static let counts: [(String, @Sendable (inout BuiltInServer.Configuration, Int) -> Void)] = [
      ("port", { $0.port = $1 }), ("threads", { $0.threads = $1 }),
      ("maximumConnections", { $0.maximumConnections = $1 }), ("maximumHeadBytes", { $0.maximumHeadBytes = $1 }),
      ("maximumTargetBytes", { $0.maximumTargetBytes = $1 }), ("maximumBodyBytes", { $0.maximumBodyBytes = $1 }),
      ("sendBufferBytes", { $0.sendBufferBytes = $1 }),
    ]
    private static let times: [(String, @Sendable (inout BuiltInServer.Configuration, Duration) -> Void)] = [
      ("headTimeout", { $0.headTimeout = $1 }), ("bodyTimeout", { $0.bodyTimeout = $1 }),
      ("keepAliveTimeout", { $0.keepAliveTimeout = $1 }), ("stallTimeout", { $0.stallTimeout = $1 }),
      ("peerTimeout", { $0.peerTimeout = $1 }),
    ]

    @Test(arguments: counts.map(\.0))
    func aNumberIsRefusedOrServedWith(property: String) async throws {
      let set = try #require(Self.counts.first { $0.0 == property }?.1)
      // Ports above 0 may be somebody else's.
      let allowed = property == "port" ? [] : [1, 2, 1024, (1 << 16) - 1, 1 << 30, 1 << 40]
      for value in [Int.min, -1, 0, 1 << 16, Int.max] + allowed { try await serve { set(&$0, value) } }
    }

    @Test(arguments: times.map(\.0))
    func aTimeIsRefusedOrServedWith(property: String) async throws {
      let set = try #require(Self.times.first { $0.0 == property }?.1)
      for value in [
        .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .milliseconds(1), .seconds(6), .seconds(86_400),
        .nanoseconds(Int64.max),
      ] as [Duration] {
        try await serve { set(&$0, value) }
      }
    }

    private func serve(_ change: (inout BuiltInServer.Configuration) -> Void) async throws {
      var configuration = BuiltInServer.Configuration()
      change(&configuration)
      do { try configuration.validate() } catch { return }
      try await withServer(change) { _, address in
        let client = try TestClient(address)
        // With the smallest values it is refused or closed.
        _ = try? await client.exchange(get("/hello"))
      }
    }
  }
}
