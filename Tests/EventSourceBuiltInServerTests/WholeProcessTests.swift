import EventSourceBuiltInServer
import EventSourceServer
import Foundation
import Testing

/// Tests of properties of a whole process: its threads, its signals, its environment. Each test runs in its own
/// process.
struct WholeProcessTests {
  @Test func aSignalEndsARunThatAsksForIt() async {
    await #expect(processExitsWith: .success) {
      for signal in [SIGTERM, SIGINT] {
        let listening = AsyncStream<ListeningAddress>.makeStream()
        let server = BuiltInServer()
        let run = Task {
          try await server.run(drainingOver: .milliseconds(100), stopsOnSignals: true) {
            listening.continuation.yield($0)
          }
        }
        var addresses = listening.stream.makeAsyncIterator()
        #expect(try await TestClient(await addresses.next()!).exchange(get("/")).status == 404)
        // Another run, which does not handle signals, continues.
        try await withServer { _, other in
          kill(getpid(), signal)
          try await run.value
          #expect(try await TestClient(other).exchange(get("/hello")).status == 200)
        }
        #expect(server.address == nil)
        var action = sigaction()
        sigaction(signal, nil, &action)
        #expect(action.__sigaction_handler.sa_handler == nil, "the signal is what it was before")
      }
    }
  }

  @Test func aSecondSignalEndsTheProgramAtOnce() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      let began = AsyncStream<Void>.makeStream()
      let listening = AsyncStream<ListeningAddress>.makeStream()
      let server = BuiltInServer()
      server.route("GET", at: "/never") { _ in
        began.continuation.yield()
        try await Task.sleep(for: .seconds(600))
        return .status(204)
      }
      let run = Task {
        try await server.run(drainingOver: .seconds(600), stopsOnSignals: true) { listening.continuation.yield($0) }
      }
      var addresses = listening.stream.makeAsyncIterator()
      let client = try TestClient(await addresses.next()!)
      client.send(get("/never"))
      for await _ in began.stream { break }
      kill(getpid(), SIGTERM)
      #expect(await eventually { server.address == nil })
      kill(getpid(), SIGTERM)
      try await run.value
    }
  }

  @Test func theServersThreadsTakeNoSignalsMeantForTheProgram() async {
    await #expect(processExitsWith: .success) {
      try await withServer({ $0.threads = 4 }) { _, _ in
        #expect(await eventually { serverThreads().count == 4 })
        for mask in serverThreads().map({ signalMask(of: $0) }) {
          for signal in [SIGINT, SIGTERM, SIGCHLD, SIGHUP, SIGUSR1] { #expect(mask & 1 << UInt64(signal - 1) != 0) }
          for signal in [SIGSEGV, SIGILL, SIGTRAP] { #expect(mask & 1 << UInt64(signal - 1) == 0) }
        }
      }
    }
  }

  @Test func socketsOfSystemdAreFoundOnlyByTheProcessTheyAreFor() async {
    await #expect(processExitsWith: .success) {
      typealias Configuration = BuiltInServer.Configuration
      #expect(Configuration.systemdDescriptor == nil)
      setenv("LISTEN_FDS", "1", 1)
      setenv("LISTEN_PID", "1", 1)
      #expect(Configuration.systemdDescriptor == nil && Configuration.systemdDescriptors == [])
      setenv("LISTEN_PID", "\(getpid())", 1)
      #expect(Configuration.systemdDescriptor == 3 && Configuration.systemdDescriptors == [3])
      setenv("LISTEN_FDS", "3", 1)
      #expect(Configuration.systemdDescriptor == 3 && Configuration.systemdDescriptors == [3, 4, 5])
      for nonsense in ["0", "-1", "", "x", "\(Int.max)", "99999999999999999999"] {
        setenv("LISTEN_FDS", nonsense, 1)
        #expect(Configuration.systemdDescriptor == nil && Configuration.systemdDescriptors == [])
      }
      setenv("LISTEN_FDS", "\(Int32.max)", 1)
      #expect(Configuration.systemdDescriptors.first == 3)
    }
  }

  @Test func theServiceManagerIsToldOfTheBeginningAndTheEnd() async {
    await #expect(processExitsWith: .success) {
      let folder = try temporaryFolder()
      let name = folder + "/notify"
      defer {
        unlink(name)
        rmdir(folder)
      }
      let manager = try datagramSocket(at: name)
      defer { close(manager) }
      setenv("NOTIFY_SOCKET", name, 1)
      let server = BuiltInServer()
      try server.start()
      await server.stop()
      var told: [String] = []
      for _ in 0..<2 {
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = recv(manager, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        told.append(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self))
      }
      #expect(told == ["READY=1", "STOPPING=1"])
    }
  }

  @Test func theDescriptorLimitIsRaisedAndTheOperatorToldUnlessOneSaysNo() async {
    await #expect(processExitsWith: .success) {
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limit = rlimit()
      getrlimit(kind, &limit)
      limit.rlim_cur = limit.rlim_max - 1
      setrlimit(kind, &limit)
      for raises in [false, true] {
        let logger = RecordingLogger()
        try await withServer({ $0.raisesDescriptorLimit = raises }, logger: logger) { _, _ in }
        getrlimit(kind, &limit)
        #expect(limit.rlim_cur == (raises ? limit.rlim_max : limit.rlim_max - 1))
        #expect(logger.lines.contains { $0.contains("The limit of open descriptors is raised") } == raises)
      }
    }
  }
}

/// Returns the threads of this process that belong to a server.
private func serverThreads() -> [String] {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task"))?.filter { task in
    (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8))?.hasPrefix("sse-server-")
      == true
  } ?? []
}

/// Returns the signals that a thread blocks.
private func signalMask(of task: String) -> UInt64 {
  let status = try? String(contentsOfFile: "/proc/self/task/\(task)/status", encoding: .utf8)
  let line = status?.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
  return line.flatMap { UInt64($0.dropFirst(8), radix: 16) } ?? 0
}

/// Creates a UNIX datagram socket.
private func datagramSocket(at name: String) throws -> Int32 {
  let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
  let result = withUnsafePointer(to: address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard result == 0 else { throw TestClient.Failure(description: "bind: \(String(cString: strerror(errno)))") }
  return number
}
