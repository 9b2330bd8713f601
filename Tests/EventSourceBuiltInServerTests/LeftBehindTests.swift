import EventSourceBuiltInServer
import EventSourceServer
import Glibc
import Testing

/// Tests that connections and servers leave no open descriptors. Descriptors can be counted only if no other code opens
/// any, so each test runs in its own process.
struct LeftBehindTests {
  @Test func fiftyStartsAndStopsLeaveNoDescriptorBehind() async {
    await #expect(processExitsWith: .success) {
      let kinds = ["socket:", "anon_inode:[eventpoll]", "anon_inode:[eventfd]"]
      var configuration = BuiltInServer.Configuration()
      configuration.threads = 3
      configuration.additionalSockets = [.port(0, host: "::1"), .unix("@eventsource-\(getpid())")]
      let server = BuiltInServer(configuration: configuration)
      addTestRoutes(server)
      var before: [Int] = []
      for round in 0...50 {
        // By the end of the first round, everything that the runtime opens on first use is open.
        if round == 1 { before = kinds.map(openDescriptors) }
        let client = try TestClient(try server.start())
        #expect(try await client.exchange(get("/hello")).status == 200)
        await server.stop()
        #expect(try await client.end() == .closed)
        client.disconnect()
      }
      // A route's task retains the loop's eventfd until it returns.
      let start = before
      #expect(await eventually { zip(kinds.map(openDescriptors), start).allSatisfy(<=) })
    }
  }

  @Test func aStartThatFailsLeavesNothingOpen() async {
    await #expect(processExitsWith: .success) {
      let folder = try temporaryFolder()
      defer { rmdir(folder) }
      let server = BuiltInServer()
      let address = try server.start()
      let kinds = ["socket:", "anon_inode:[eventpoll]", "anon_inode:[eventfd]"]
      var before: [Int] = []
      // The runtime may open descriptors of its own during the first failed start, so that one is not counted.
      let taken = ListeningSocket.port(address.port, host: "127.0.0.1")
      for last in [taken, taken, .unix("/nowhere/socket"), .descriptor(-1)] {
        var configuration = BuiltInServer.Configuration()
        configuration.additionalSockets = [.port(0, host: "::1"), .unix(folder + "/socket"), last]
        #expect(throws: BuiltInServerError.self) { try BuiltInServer(configuration: configuration).start() }
        if before.isEmpty { before = kinds.map(openDescriptors) }
        #expect(zip(kinds.map(openDescriptors), before).allSatisfy(<=))
        #expect(access(folder + "/socket", F_OK) != 0)
      }
      await server.stop()
    }
  }

  @Test func aServerThatIsLetGoStops() async {
    await #expect(processExitsWith: .success) {
      let before = openDescriptors()
      var server: BuiltInServer? = BuiltInServer()
      let address = try #require(try server?.start())
      _ = try TestClient(address)
      server = nil
      #expect(await eventually { openDescriptors() == before })
    }
  }

  @Test func peersThatResetAtAnyMomentLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      try await withServer { _, address in
        let before = openDescriptors()
        let text = request("POST", "/echo", body: "12345")
        for length in 0...text.utf8.count {
          let client = try TestClient(address)
          client.send(text.utf8.prefix(length))
          client.reset()
        }
        #expect(await eventually { openDescriptors() == before })
        #expect(try await TestClient(address).exchange(get("/hello")).status == 200)
      }
    }
  }

  @Test func aReaderThatLeavesWhileItIsAuthorizedLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let news = NewsServer()
      let handler = EventStreamHandler(news.hub, authorizer: LateAuthorizer(answer: .granted))
      try await withServer(routes: { $0.mount(handler, at: "/events/{channel}") }) { _, address in
        let before = openDescriptors()
        for leave in [{ $0.disconnect() }, { $0.reset() }] as [@Sendable (TestClient) -> Void] {
          let client = try TestClient(address)
          client.send(get("/events/news"))
          #expect(await news.readers(become: 1))
          leave(client)
          #expect(await news.readers(become: 0))
          #expect(await eventually { openDescriptors() == before })
        }
      }
    }
  }

  @Test func aStopInTheMiddleOfEverythingLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let news = NewsServer()
      let before = openDescriptors()
      for round in 0..<10 {
        var configuration = BuiltInServer.Configuration()
        configuration.threads = 3
        let server = BuiltInServer(configuration: configuration)
        news.mount(server)
        addStreamingRoutes(server)
        let address = try server.start()
        let traffic = Task {
          var clients: [TestClient] = []
          for number in 0..<200 {
            guard let client = try? TestClient(address) else { break }
            switch number % 3 {
            case 0: client.send(get("/events/news"))
            case 1: client.send(get("/endless"))
            default: client.send(get("/hello") + get("/items/1") + "GET /half")
            }
            _ = try? news.hub.publish("\(number)", to: "news")
            if number.isMultiple(of: 5) { client.reset() }
            clients.append(client)
            await Task.yield()
          }
        }
        try await Task.sleep(for: .milliseconds(round * 3))
        await server.stop(drainingOver: .milliseconds(round * 20))
        await traffic.value
      }
      #expect(await news.readers(become: 0))
      #expect(await eventually { openDescriptors() == before })
    }
  }

  /// Connects, subscribes and disconnects in every way, thousands of times.
  @Test func thousandsOfAbruptReadersLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let news = NewsServer()
      try await withServer({ $0.threads = 2 }, routes: news.mount) { _, address in
        let before = openDescriptors()
        for number in 0..<3000 {
          let client = try TestClient(address)
          client.send(get("/events/news"))
          switch number % 3 {
          case 0: client.reset()
          case 1: client.disconnect()
          default:
            try news.hub.publish("\(number)", to: "news")
            client.finishSending()
          }
        }
        #expect(await news.readers(become: 0))
        #expect(await eventually { openDescriptors() == before })
      }
    }
  }
}
