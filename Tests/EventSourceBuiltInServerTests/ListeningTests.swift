import EventSourceServer
import Glibc
import Testing

@testable import EventSourceBuiltInServer

extension OverASocket {
  /// Tests of servers that listen at something other than a port.
  struct ListeningTests {
    /// Returns the status of a GET over a UNIX socket.
    private func status(of path: String, at name: String) async throws -> Int {
      let address = try #require(SocketAddress(unix: name))
      let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(number) }
      guard address.withSockaddr({ connect(number, $0, $1) }) == 0 else { return -1 }
      let client = TestClient(owning: dup(number))
      client.send(get(path))
      return try await client.response().status
    }

    private func server(_ change: (inout BuiltInServer.Configuration) -> Void) -> BuiltInServer {
      var configuration = BuiltInServer.Configuration()
      change(&configuration)
      let server = BuiltInServer(configuration: configuration)
      addTestRoutes(server)
      return server
    }

    @Test(arguments: [false, true])
    func aUnixSocketIsListenedOnAndRemoved(isAbstract: Bool) async throws {
      let folder = try temporaryFolder()
      defer { rmdir(folder) }
      let name = (isAbstract ? "@" : "") + folder + "/socket"
      let server = server { $0.unixSocket = name }
      for _ in 0..<2 {
        let address = try server.start()
        #expect(address.unixSocket == name && address.description == "unix:" + name)
        #expect(try await status(of: "/hello", at: name) == 200)
        #expect(throws: BuiltInServerError.unixSocketInUse(name)) { try self.server { $0.unixSocket = name }.start() }
        #expect(try await status(of: "/hello", at: name) == 200)
        await server.stop()
        #expect(try await status(of: "/hello", at: name) == -1)
        #expect(access(folder + "/socket", F_OK) != 0)
      }
    }

    @Test func aSocketThatNobodyListensOnIsReplacedAndAFileIsNot() async throws {
      let folder = try temporaryFolder()
      let name = folder + "/socket"
      defer { rmdir(folder) }
      let address = try #require(SocketAddress(unix: name))
      let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      #expect(address.withSockaddr { bind(left, $0, $1) } == 0)
      close(left)
      let server = server { $0.unixSocket = name }
      try server.start()
      #expect(try await status(of: "/hello", at: name) == 200)
      await server.stop()
      close(open(name, O_CREAT | O_WRONLY, 0o600))
      #expect(throws: BuiltInServerError.unixSocketInUse(name)) { try server.start() }
      #expect(unlink(name) == 0)
    }

    @Test func aDescriptorThatIsGivenIsListenedOnAndStaysOpen() async throws {
      let given = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(given) }
      let server = server { $0.listeningDescriptor = given }
      #expect(throws: BuiltInServerError.self) { try server.start() }
      let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
      #expect(address.withSockaddr { bind(given, $0, $1) } == 0 && listen(given, 10) == 0)
      for _ in 0..<2 {
        let bound = try server.start()
        #expect(bound.port == SocketAddress.local(of: given)?.port)
        #expect(try await TestClient(bound).exchange(get("/hello")).status == 200)
        await server.stop()
      }
      // The socket still belongs to its provider: new connections wait for the next server.
      let waiting = try TestClient(ListeningAddress(host: "127.0.0.1", port: SocketAddress.local(of: given)!.port))
      waiting.send(get("/hello"))
      try server.start()
      #expect(try await waiting.response().status == 200)
      await server.stop()
    }

    @Test func aNameThatNoSocketCanHaveIsRefused() {
      for name in ["", "@", "/" + String(repeating: "x", count: 108), "/a\0b"] {
        #expect(throws: BuiltInServerError.self) { try server { $0.unixSocket = name }.start() }
      }
    }
  }
}

func temporaryFolder() throws -> String {
  var template = Array("/tmp/eventsource-XXXXXX".utf8CString)
  guard let made = mkdtemp(&template) else { throw TestClient.Failure(description: "mkdtemp") }
  return String(cString: made)
}
