import EventSourceClient
import Foundation
import Testing

/// Tests of closing, cancelling and releasing a source, and of the cost of a reader that does not read.
@Suite struct ClientClosingTests {
  private let endless: ScriptedServer.Script = { connection in
    try connection.request()
    try connection.head()
    try connection.write("data: first\n\n")
    try connection.untilClosed()
  }

  private func untilNoConnection(_ server: ScriptedServer) async throws {
    try await eventually { server.openConnections == 0 }
  }

  @Test(arguments: TransportKind.allCases, 0..<4)
  func theSocketIsClosedAtOnce(transport: TransportKind, way: Int) async throws {
    let server = try ScriptedServer(endless)
    let task = Task {
      let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
      for try await message in source.events {
        #expect(message.data == "first")
        switch way {
        case 0: return
        case 1: source.close()
        case 2: withUnsafeCurrentTask { $0?.cancel() }
        default: break
        }
      }
    }
    if way == 3 {
      try await eventually { !server.requests.isEmpty }
      task.cancel()
    }
    try await within { try await task.value }
    try await untilNoConnection(server)
    #expect(server.accepted == 1)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aSourceThatIsLetGoOfWhileItConnectsOrWaitsEnds(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { try $0.untilClosed() }, { _ in })
    for _ in 0..<2 {
      let configuration = EventSource.Configuration.quick {
        $0.initialConnectionFailure = .retry(for: nil)
        $0.reconnectionTime = .seconds(3600)
      }
      let source = EventSource(server.url, configuration: configuration, transport: transport.make())
      let accepted = server.accepted
      let task = Task { try await source.events.first { _ in true } }
      try await eventually { server.accepted > accepted }
      source.close()
      source.close()
      #expect(source.readyState == .closed)
      #expect(try await within { try await task.value } == nil)
    }
    try await untilNoConnection(server)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func nothingIsDeliveredAfterTheCloseButTheEnd(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("data: 1\n\ndata: 2\n\ndata: 3\n\n")
      try connection.untilClosed()
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    var iterator = source.events.makeAsyncIterator()
    #expect(try await iterator.next()?.data == "1")
    source.close()
    #expect(try await iterator.next() == nil)
    #expect(try await iterator.next() == nil)
    source.restart()
    #expect(source.readyState == .closed && server.accepted == 1)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aSecondReaderIsAnErrorAndHarmsNobody(transport: TransportKind) async throws {
    let server = try ScriptedServer(endless)
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    var iterator = source.events.makeAsyncIterator()
    #expect(try await iterator.next()?.data == "first")
    #expect(try await readToEnd(source).error?.code == .alreadyConsumed)
    #expect(source.readyState == .open)
    source.close()
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aReaderThatDoesNotReadMakesTheServerWait(transport: TransportKind) async throws {
    // A transport that cannot make the server wait disconnects, and resumes later.
    let event = "data: " + String(repeating: "x", count: 10_000) + "\n\n"
    let server = try ScriptedServer { connection in
      let last = try connection.request().values(of: "Last-Event-ID").first
      try connection.head()
      for number in (Int(last ?? "0")! + 1)...20_000 { try connection.write("id: \(number)\n" + event) }
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    var iterator = source.events.makeAsyncIterator()
    #expect(try await iterator.next()?.lastEventID == "1")
    // 200 MB are offered. The buffers of the sockets and the transport accept a part, and then the server is blocked.
    try await within {
      var last = -1
      while server.written > last || server.written == 0 {
        last = server.written
        try await Task.sleep(for: .milliseconds(200))
      }
    }
    if transport.standsAgainstAll {
      #expect(server.written < 40 << 20, "\(server.written) bytes were taken from the server")
    }
    for number in 2...5000 { #expect(try await iterator.next()?.lastEventID == "\(number)") }
    source.close()
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func manyClientsOfAServerThatKeepsFailingLeaveNothing(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      if connection.number % 3 == 0 { return }
      try connection.head()
      try connection.write("data: \(connection.number)\n\n")
      if connection.number % 2 == 0 { connection.reset() }
    }
    let shared = transport.make()
    try await within {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 {
          group.addTask {
            let source = EventSource(
              server.url, configuration: .quick { $0.initialConnectionFailure = .retry(for: nil) }, transport: shared)
            var count = 0
            for try await _ in source.events {
              count += 1
              if count == 20 { break }
            }
          }
        }
        try await group.waitForAll()
      }
    }
    // An open descriptor would keep its connection open.
    try await untilNoConnection(server)
    server.stop()
  }
}
