import EventSourceBuiltInServer
import EventSourceServer
import Glibc
import Synchronization
import Testing

extension OverASocket {
  /// Tests of one server at several addresses.
  struct MultipleSocketTests {
    @Test(arguments: [1, 3])
    func everyAddressIsServedAlike(threads: Int) async throws {
      let folder = try temporaryFolder()
      defer { rmdir(folder) }
      let logger = RecordingLogger()
      try await withServer(
        {
          $0.threads = threads
          $0.additionalSockets = [
            .port(0, host: "::1"), .unix(folder + "/socket"), .unix("@" + folder), .port(0, host: "127.0.0.1"),
          ]
        }, logger: logger
      ) { server, first in
        let addresses = server.addresses
        #expect(addresses.map(\.host) == ["127.0.0.1", "::1", "localhost", "localhost", "127.0.0.1"])
        #expect(addresses[2...3].map(\.unixSocket) == [folder + "/socket", "@" + folder])
        #expect(addresses[0] == first && server.address == first)
        #expect(Set(addresses.map(\.description)).count == 5)
        for address in addresses {
          #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
          #expect(logger.lines.contains("info The server listens address=\(address)"))
        }
        await server.stop()
        #expect(server.addresses == [])
        for address in addresses { #expect(throws: TestClient.Failure.self) { try TestClient(address) } }
        try server.start()
        #expect(server.addresses.count == 5)
      }
    }

    /// `::` also accepts IPv4 connections, unless an IPv4 socket of the server has the same port.
    @Test func iPv4AndIPv6MayHaveTheSamePort() async throws {
      let free = BuiltInServer(configuration: configuration { $0.host = "::" })
      let port = try free.start().port
      await free.stop()
      try await withServer(
        {
          ($0.host, $0.port) = ("0.0.0.0", port)
          $0.additionalSockets = [.port(port, host: "::")]
        },
        routes: { $0.route("GET", at: "/peer") { .text($0.peer ?? "nobody") } }
      ) { server, _ in
        #expect(server.addresses.map(\.port) == [port, port])
        for host in ["127.0.0.1", "::1"] {
          let client = try TestClient(ListeningAddress(host: host, port: port))
          #expect(try await client.exchange(get("/peer")).text == host)
        }
      }
    }

    @Test func theErrorNamesTheAddressThatFailed() async throws {
      try await withServer { _, taken in
        let name = "@eventsource-taken-\(getpid())"
        let other = BuiltInServer(configuration: configuration { $0.unixSocket = name })
        try other.start()
        let cases: [(ListeningSocket, BuiltInServerError)] = [
          (.port(taken.port, host: "127.0.0.1"), .portInUse(host: "127.0.0.1", port: taken.port)),
          (.port(0, host: "192.0.2.1"), .addressNotAvailable(host: "192.0.2.1")),
          (.port(0, host: "example.org"), .addressNotAvailable(host: "example.org")),
          (.unix(name), .unixSocketInUse(name)),
          (.unix("/nowhere/socket"), .cannotListen(at: "unix:/nowhere/socket", call: "bind", errno: ENOENT)),
        ]
        for (socket, expected) in cases {
          let server = BuiltInServer(
            configuration: configuration { $0.additionalSockets = [.port(0, host: "::1"), socket] })
          let error = #expect(throws: BuiltInServerError.self) { try server.start() }
          #expect(error == expected)
          #expect(server.addresses == [])
        }
        await other.stop()
      }
      let error = BuiltInServerError.cannotListen(at: "unix:/nowhere/socket", call: "bind", errno: ENOENT)
      #expect("\(error)" == "cannot listen at unix:/nowhere/socket: bind: No such file or directory (errno 2)")
    }

    @Test(
      arguments: [
        (.port(-1, host: "::1"), "additionalSockets[1]: port is -1"), (.port(65_536, host: "::1"), "port is 65536"),
        (.port(0, host: ""), "additionalSockets[1]: host is empty"), (.unix(""), "additionalSockets[1]: unixSocket"),
        (.unix("/a\0b"), "additionalSockets[1]: unixSocket"),
        (.descriptor(.min), "descriptor \(Int32.min)"),
        (.descriptor(.max), "descriptor \(Int32.max)"),
      ] as [(ListeningSocket, String)])
    func anAddressThatMakesNoSenseIsNamed(socket: ListeningSocket, reason: String) {
      let server = BuiltInServer(
        configuration: configuration { $0.additionalSockets = [.port(0, host: "127.0.0.1"), socket] })
      let error = #expect(throws: BuiltInServerError.self) { try server.start() }
      #expect(error?.description.contains(reason) == true)
    }

    @Test func aRunTellsEveryAddress() async throws {
      let server = BuiltInServer(configuration: configuration { $0.additionalSockets = [.port(0, host: "::1")] })
      let told = Mutex<[ListeningAddress]>([])
      let run = Task { try await server.run { address in told.withLock { $0.append(address) } } }
      #expect(await eventually { server.addresses.count == 2 && told.withLock { $0 } == server.addresses })
      run.cancel()
      try await run.value
    }

    @Test func aPathThatHasBecomeSomebodyElsesIsNotRemoved() async throws {
      let folder = try temporaryFolder()
      let name = folder + "/socket"
      defer { rmdir(folder) }
      let server = BuiltInServer(configuration: configuration { $0.unixSocket = name })
      try server.start()
      #expect(unlink(name) == 0)
      close(open(name, O_CREAT | O_WRONLY, 0o600))
      await server.stop()
      #expect(unlink(name) == 0)
    }

    @Test func aSocketThatSomebodyHasShutDownIsNoLongerWatched() async throws {
      let given = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(given) }
      #expect(listen(given, 10) == 0)
      let logger = RecordingLogger()
      try await withServer({ $0.additionalSockets = [.descriptor(given)] }, logger: logger) { server, address in
        let client = try TestClient(server.addresses[1].onLoopback)
        #expect(try await client.exchange(get("/hello")).status == 200)
        shutdown(given, Int32(SHUT_RDWR))
        #expect(await eventually { logger.lines.contains { $0.contains("A socket no longer listens") } })
        #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
      }
      #expect(logger.lines.filter { $0.contains("A socket no longer listens") }.count == 1)
    }

    private func configuration(_ change: (inout BuiltInServer.Configuration) -> Void) -> BuiltInServer.Configuration {
      var configuration = BuiltInServer.Configuration()
      change(&configuration)
      return configuration
    }
  }
}

extension ListeningAddress {
  fileprivate var onLoopback: ListeningAddress { ListeningAddress(host: "127.0.0.1", port: port) }
}
