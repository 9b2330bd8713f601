import EventSourceBuiltInServer
import EventSourceServer
import Glibc
import Testing

extension OverASocket {
  /// Tests of socket options, and of system calls that fail.
  struct SocketTests {
    @Test func everyConnectionInheritsTheListenersOptions() async throws {
      try await withServer({ $0.peerTimeout = .seconds(42) }) { _, address in
        let client = try TestClient(address)
        #expect(try await client.exchange(get("/hello")).status == 200)
        let connection = try #require((0..<1024).first { isServed($0, by: address) })
        #expect(option(connection, Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
        #expect(option(connection, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(option(connection, Int32(IPPROTO_TCP), TCP_KEEPIDLE) == 21)
        #expect(option(connection, Int32(IPPROTO_TCP), TCP_KEEPINTVL) == 7)
        #expect(option(connection, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT) == 42_000)
        #expect(fcntl(connection, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(connection, F_GETFL) & O_NONBLOCK != 0)
      }
    }

    @Test func aProcessWithoutDescriptorsTellsSoWithoutSpinning() async throws {
      let logger = RecordingLogger()
      try await withServer(logger: logger) { _, address in
        #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
        // If no other task is sleeping, a sleep needs a descriptor, and Dispatch ends the program if it gets none. So
        // one task sleeps all the time.
        let waiting = Task { try await Task.sleep(for: .seconds(3600)) }
        defer { waiting.cancel() }
        try await Task.sleep(for: .milliseconds(20))
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let before = limit
        // One descriptor is left: for the client's end of a connection, but not for the server's.
        let free = dup(0)
        close(free)
        limit.rlim_cur = rlim_t(free + 1)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), [before]) }
        let client = try TestClient(address)
        client.send(get("/hello"))
        let isTold = await eventually { logger.lines.contains { $0.contains("Connections are rejected for now") } }
        let cpu = clock()
        try await Task.sleep(for: .milliseconds(400))
        let used = Double(clock() - cpu) / Double(CLOCKS_PER_SEC)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), [before])
        #expect(isTold)
        #expect(used < 0.2)
        // Sent over the spare descriptor.
        #expect(try await client.response().status == 503)
        #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
      }
      // Logged each time that this happens. A descriptor may become free in between and be used.
      #expect((1...3).contains(logger.lines.filter { $0.contains("Connections are rejected for now") }.count))
    }

    private func isServed(_ number: Int32, by address: ListeningAddress) -> Bool {
      var name = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      return withUnsafeMutablePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
          guard getsockname(number, raw, &length) == 0 else { return false }
          return pointer.pointee.sin_port.bigEndian == address.port && getpeername(number, raw, &length) == 0
        }
      }
    }

    private func option(_ number: Int32, _ level: Int32, _ name: Int32) -> Int32 {
      var value: Int32 = -1
      var length = socklen_t(4)
      getsockopt(number, level, name, &value, &length)
      return value
    }
  }
}
