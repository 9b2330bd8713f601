import Synchronization
import Testing

@testable import EventSourceRedis

/// Tests of single connections to a real server.
@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
  /// Opens a connection to a host with these addresses, and returns whether it is ready before it is lost.
  private func becomesReady(_ addresses: [String], port: Int) async throws -> Bool {
    let connection = RedisConnection(
      RedisServer(.host("redis.example", port: port)), .commands, responseTimeout: 60_000_000_000,
      maximumReplyBytes: 4 << 20
    ) { host, port in
      #expect(host == "redis.example")
      return .success(addresses.flatMap { (try? SocketAddress.resolve($0, port).get()) ?? [] })
    }
    let outcome = ConnectionOutcome()
    connection.onReady = { _ in outcome.isReady.withLock { $0 = $0 ?? true } }
    connection.onLost = { _ in outcome.isReady.withLock { $0 = $0 ?? false } }
    let loop = try RedisLoop([connection], name: "connection test", interval: 60_000_000_000) { _, _ in }
    defer { loop.close() }
    try await eventually { outcome.isReady.withLock { $0 } != nil }
    return outcome.isReady.withLock { $0 } == true
  }

  @Test func theNextAddressOfAHostIsTriedIfOneRefuses() async throws {
    try await RedisProcess.run(port: freePort()) { server in
      let port = server.port!
      // The server listens at 127.0.0.1 only.
      for refusing in [[], ["127.0.0.2"], ["127.0.0.2", "127.0.0.3"]] {
        let isReady = try await becomesReady(refusing + ["127.0.0.1"], port: port)
        #expect(isReady)
      }
      let isReady = try await becomesReady(["127.0.0.2", "127.0.0.3"], port: port)
      #expect(!isReady)
    }
  }
}

private final class ConnectionOutcome: Sendable {
  let isReady = Mutex<Bool?>(nil)
}
