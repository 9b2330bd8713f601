import EventSourceBuiltInServer
import EventSourceServer
import Foundation
import Testing

extension OverASocket {
  /// Starting and stopping.
  struct LifecycleTests {
    @Test func aPortInUseIsSaidInOneLine() async throws {
      try await withServer { _, address in
        let second = BuiltInServer(configuration: configuration { $0.port = address.port })
        let error = #expect(throws: BuiltInServerError.self) { try second.start() }
        #expect(error == .portInUse(host: "127.0.0.1", port: address.port))
        #expect(error?.description == "port \(address.port) of 127.0.0.1 is already in use")
      }
    }

    @Test func aPortCanBeHadAgainAtOnce() async throws {
      let server = BuiltInServer()
      let address = try server.start()
      let client = try TestClient(address)
      #expect(try await client.exchange(get("/")).status == 404)
      await server.stop()
      let again = BuiltInServer(configuration: configuration { $0.port = address.port })
      #expect(try again.start() == address)
      await again.stop()
    }

    @Test func anAddressOfSomebodyElseIsRefused() throws {
      for host in ["192.0.2.1", "example.com", "300.0.0.1"] {
        let server = BuiltInServer(configuration: configuration { $0.host = host })
        #expect(throws: BuiltInServerError.addressNotAvailable(host: host)) { try server.start() }
      }
    }

    @Test func localhostAndIPv6CanBeListenedOn() async throws {
      for (host, bound) in [("localhost", "127.0.0.1"), ("::1", "::1"), ("::", "::"), ("0.0.0.0", "0.0.0.0")] {
        let server = BuiltInServer(configuration: configuration { $0.host = host })
        let address = try server.start()
        #expect(address.host == bound)
        #expect(address.port > 0)
        await server.stop()
      }
      #expect(ListeningAddress(host: "::1", port: 80).url == "http://[::1]:80")
    }

    @Test func aReaderOverIPv4OfAnIPv6SocketHasAnIPv4Address() async throws {
      try await withServer(
        { $0.host = "::" },
        routes: { server in
          server.route("GET", at: "/peer") { .text($0.peer ?? "nobody") }
        }
      ) { _, address in
        let client = try TestClient(ListeningAddress(host: "127.0.0.1", port: address.port))
        #expect(try await client.exchange(get("/peer")).text == "127.0.0.1")
      }
    }

    @Test func startingTwiceThrowsAndStoppingTwiceDoesNothing() async throws {
      let server = BuiltInServer()
      await server.stop()
      let address = try server.start()
      #expect(server.address == address)
      #expect(throws: BuiltInServerError.alreadyRunning) { try server.start() }
      await withTaskGroup { group in for _ in 0..<10 { group.addTask { await server.stop() } } }
      #expect(server.address == nil)
      await server.stop()
    }

    @Test func twoServersDoNotDisturbEachOther() async throws {
      try await withServer { _, first in
        try await withServer { _, second in
          let response = try await TestClient(second).exchange(get("/hello"))
          #expect(response.status == 200)
        }
        #expect(try await TestClient(first).exchange(get("/hello")).status == 200)
      }
    }

    @Test func connectionsAreSharedEvenlyAmongTheThreads() async throws {
      try await withServer(
        { $0.threads = 2 },
        routes: { server in
          server.route("GET", at: "/hello") { _ in .text("hello\n") }
        }
      ) { _, address in
        let clients = try (0..<40).map { _ in try TestClient(address) }
        for client in clients { #expect(try await client.exchange(get("/hello")).status == 200) }
        for client in clients { #expect(try await client.exchange(get("/hello")).status == 200) }
      }
    }

    @Test func aStopLetsARequestFinishThatIsBeingServed() async throws {
      let began = AsyncStream<Void>.makeStream()
      let server = BuiltInServer()
      server.route("GET", at: "/slow") { _ in
        began.continuation.yield()
        try await Task.sleep(for: .milliseconds(300))
        return .text("finished")
      }
      let address = try server.start()
      let client = try TestClient(address)
      client.send(get("/slow"))
      for await _ in began.stream { break }
      async let stopped: Void = server.stop(drainingOver: .seconds(5))
      let response = try await client.response()
      #expect(response.text == "finished")
      #expect(response.closes)
      #expect(try await client.end() == .closed)
      client.disconnect()
      await stopped
      #expect(throws: TestClient.Failure.self) { try TestClient(address) }
    }

    @Test func aStopClosesIdleConnectionsAtOnce() async throws {
      let server = BuiltInServer()
      let client = try TestClient(try server.start())
      #expect(try await client.exchange(get("/")).status == 404)
      let time = await ContinuousClock().measure { await server.stop(drainingOver: .seconds(30)) }
      #expect(time < .seconds(10))
      #expect(try await client.end() == .closed)
    }

    @Test func aSecondStopBringsTheEndNearer() async throws {
      let server = BuiltInServer()
      server.route("GET", at: "/never") { _ in
        try await Task.sleep(for: .seconds(600))
        return .status(204)
      }
      let client = try TestClient(try server.start())
      client.send(get("/never"))
      let address = server.address
      #expect(address != nil)
      let first = Task { await server.stop(drainingOver: .seconds(600)) }
      #expect(await eventually { server.address == nil })
      await server.stop()
      await first.value
    }

    @Test func runServesUntilItIsCanceled() async throws {
      let listening = AsyncStream<ListeningAddress>.makeStream()
      let server = BuiltInServer()
      let run = Task { try await server.run { listening.continuation.yield($0) } }
      for await address in listening.stream {
        #expect(try await TestClient(address).exchange(get("/")).status == 404)
        break
      }
      run.cancel()
      try await run.value
      #expect(server.address == nil)
      let another = Task { try await server.run() }
      #expect(await eventually { server.address != nil })
      await server.stop()
      try await another.value
    }

    @Test(arguments: [
      "host", "port", "threads", "maximumConnections", "maximumHeadBytes", "maximumTargetBytes", "maximumBodyBytes",
      "maximumBufferedBytes",
      "headTimeout", "bodyTimeout", "keepAliveTimeout", "stallTimeout", "peerTimeout", "sendBufferBytes",
    ])
    func aValueThatMakesNoSenseIsNamed(_ name: String) {
      let bad = configuration {
        switch name {
        case "host": $0.host = ""
        case "port": $0.port = 65_536
        case "threads": $0.threads = 0
        case "maximumConnections": $0.maximumConnections = 0
        case "maximumHeadBytes": $0.maximumHeadBytes = 0
        case "maximumTargetBytes": $0.maximumTargetBytes = 0
        case "maximumBodyBytes": $0.maximumBodyBytes = -1
        case "maximumBufferedBytes": $0.maximumBufferedBytes = 0
        case "headTimeout": $0.headTimeout = .zero
        case "bodyTimeout": $0.bodyTimeout = .zero
        case "keepAliveTimeout": $0.keepAliveTimeout = .zero
        case "stallTimeout": $0.stallTimeout = .seconds(-1)
        case "peerTimeout": $0.peerTimeout = .seconds(1)
        default: $0.sendBufferBytes = 0
        }
      }
      let error = #expect(throws: BuiltInServerError.self) { try BuiltInServer(configuration: bad).start() }
      #expect(error?.description.contains(name) == true)
    }

    /// Returns a server and the client of a request that is never answered, so that stopping takes the whole window.
    private func busyServer() async throws -> (server: BuiltInServer, client: TestClient) {
      let began = AsyncStream<Void>.makeStream()
      let server = BuiltInServer()
      server.route("GET", at: "/never") { _ in
        began.continuation.yield()
        try await Task.sleep(for: .seconds(600))
        return .status(204)
      }
      let client = try TestClient(try server.start())
      client.send(get("/never"))
      for await _ in began.stream { break }
      return (server, client)
    }

    @Test func whoeverStopsAServerThatIsStoppingWaitsForItsEndAlsoWhenCanceled() async throws {
      let (server, client) = try await busyServer()
      let first = Task { await server.stop(drainingOver: .milliseconds(300)) }
      #expect(await eventually { server.address == nil })
      let second = Task.detached { () -> Bool in
        while !Task.isCancelled { await Task.yield() }
        await server.stop(drainingOver: .seconds(600))
        return (try? server.start()) != nil
      }
      second.cancel()
      #expect(await second.value)
      await first.value
      client.disconnect()
      await server.stop()
    }

    @Test func runReturnsAtTheEndAlsoWhenItIsCanceledWhileTheServerStops() async throws {
      let listening = AsyncStream<ListeningAddress>.makeStream()
      let began = AsyncStream<Void>.makeStream()
      let server = BuiltInServer()
      server.route("GET", at: "/never") { _ in
        began.continuation.yield()
        try await Task.sleep(for: .seconds(600))
        return .status(204)
      }
      let run = Task { () -> Bool in
        try await server.run(drainingOver: .seconds(600)) { listening.continuation.yield($0) }
        return (try? server.start()) != nil
      }
      var addresses = listening.stream.makeAsyncIterator()
      let client = try TestClient(await addresses.next()!)
      client.send(get("/never"))
      for await _ in began.stream { break }
      let stopping = Task { await server.stop(drainingOver: .milliseconds(300)) }
      #expect(await eventually { server.address == nil })
      run.cancel()
      #expect(try await run.value)
      await stopping.value
      await server.stop()
    }

    @Test func aRunThatIsOverStopsNoLaterOne() async throws {
      let server = BuiltInServer()
      let run = Task { try await server.run() }
      #expect(await eventually { server.address != nil })
      await server.stop()
      let address = try server.start()
      run.cancel()
      try await run.value
      #expect(try await TestClient(address).exchange(get("/")).status == 404)
      await server.stop()
    }

    @Test func aStopDoesNotWaitForAPeerThatHasEverything() async throws {
      let server = BuiltInServer()
      let address = try server.start()
      let client = try TestClient(address)
      client.send(get("/", "Connection: close"))
      #expect(try await client.response().status == 404)
      #expect(try await client.end() == .closed)
      // The client keeps its side of the connection open.
      let time = await ContinuousClock().measure { await server.stop(drainingOver: .seconds(30)) }
      #expect(time < .seconds(10))
      client.disconnect()
    }

    @Test func whatWaitsInTheKernelsQueueAtAStopIsAnswered() async throws {
      let server = BuiltInServer()
      addTestRoutes(server)
      let address = try server.start()
      // More connections than are accepted in one round.
      let clients = try (0..<300).map { _ in try TestClient(address) }
      for client in clients { client.send(get("/hello")) }
      await server.stop(drainingOver: .seconds(10))
      for client in clients {
        #expect(try await client.response().status == 200)
        client.disconnect()
      }
    }

    @Test(arguments: ["headTimeout", "bodyTimeout", "keepAliveTimeout", "stallTimeout", "window"])
    func aTimeThatIsForEverIsNoCrash(_ name: String) async throws {
      let forEver = Duration.seconds(Int64.max)
      let server = BuiltInServer(
        configuration: configuration {
          switch name {
          case "headTimeout": $0.headTimeout = forEver
          case "bodyTimeout": $0.bodyTimeout = forEver
          case "keepAliveTimeout": $0.keepAliveTimeout = forEver
          case "stallTimeout": $0.stallTimeout = forEver
          default: break
          }
        })
      addTestRoutes(server)
      let client = try TestClient(try server.start())
      #expect(try await client.exchange(get("/hello")).status == 200)
      let posting = request("POST", "/echo", body: "hello")
      client.send(String(posting.dropLast(2)))
      #expect(try await TestClient(server.address!).exchange(get("/hello")).status == 200)
      client.send(String(posting.suffix(2)))
      #expect(try await client.response().text == "hello")
      client.disconnect()
      await server.stop(drainingOver: name == "window" ? forEver : .seconds(-1))
    }

    private func configuration(_ change: (inout BuiltInServer.Configuration) -> Void) -> BuiltInServer.Configuration {
      var configuration = BuiltInServer.Configuration()
      change(&configuration)
      return configuration
    }
  }
}
