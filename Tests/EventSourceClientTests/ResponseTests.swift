import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests of evaluating the response, announcing the connection, and failing it.
@Suite struct ClientResponseTests {
  private func failure(
    _ transport: TransportKind, _ change: @escaping @Sendable (inout EventSource.Configuration) -> Void = { _ in },
    _ script: @escaping ScriptedServer.Script
  ) async throws -> (SubscriptionError?, Int) {
    let server = try ScriptedServer(script)
    defer { server.stop() }
    let source = EventSource(server.url, configuration: .quick(change), transport: transport.make())
    let (data, error) = try await readToEnd(source)
    #expect(source.readyState == .closed && data.isEmpty)
    return (error, server.accepted)
  }

  @Test(arguments: TransportKind.allCases, ["201 Created", "299 Odd", "400 Bad", "401 No", "404 Gone", "410 Gone"])
  func otherStatusesStop(transport: TransportKind, status: String) async throws {
    let (error, connections) = try await failure(transport) { connection in
      try connection.request()
      try connection.status(status, "Content-Type: text/event-stream\r\nX-Why: because\r\n", body: "data: never\n\n")
    }
    #expect(error?.code == .status && error?.status == Int(status.prefix(3)))
    #expect(error?.headers.values(of: "x-why") == ["because"])
    #expect(connections == 1)
  }

  @Test(arguments: TransportKind.allCases)
  func noContentEndsWithoutAnError(transport: TransportKind) async throws {
    let (error, connections) = try await failure(transport) { connection in
      try connection.request()
      try connection.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    }
    #expect(error == nil && connections == 1)
  }

  @Test(
    arguments: TransportKind.allCases,
    ["text/html", "text/event-streamx", "text/event-stream-foo", "x bogus", nil, "text/event-stream, text/plain"])
  func otherContentStops(transport: TransportKind, type: String?) async throws {
    let (error, connections) = try await failure(transport) { connection in
      try connection.request()
      try connection.status("200 OK", type.map { "Content-Type: \($0)\r\n" } ?? "", body: "data: never\n\n")
    }
    #expect(error?.code == .contentType && connections == 1)
  }

  @Test(
    arguments: TransportKind.allCases,
    [
      "text/event-stream;", "TEXT/Event-Stream", "text/event-stream; charset=windows-1252",
      "text/plain, text/event-stream",
    ])
  func parametersAndCaseDoNotMatter(transport: TransportKind, type: String) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.status("200 OK", "Content-Type: \(type)\r\n", body: "data: \u{E9}\n\n")
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    let data = try await within { try await source.events.first { _ in true }?.data }
    #expect(data == "\u{E9}")
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func theStreamIsAnnouncedWithItsHeadBeforeAnyByteOfTheBody(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head("X-Node: 7\r\n")
      try connection.untilClosed()
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    #expect(source.readyState == .connecting)
    let head: ResponseHead? = try await within {
      for try await case .opened(let head) in source.elements {
        #expect(source.readyState == .open)
        return head
      }
      return nil
    }
    #expect(head?.status == 200 && head?.headers.values(of: "x-node") == ["7"] && head?.url == server.url)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func responsesBeforeTheFinalOneArePassedOver(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
      try connection.head()
      try connection.write("data: x\n\n")
      try connection.untilClosed()
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    #expect(try await within { try await source.events.first { _ in true }?.data } == "x")
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func whatMayPassIsTriedAgainAfterAsLongAsTheServerAsks(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status("503 Later", "Retry-After: 1\r\n")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: x\n\n")
        try connection.untilClosed()
      })
    let source = EventSource(
      server.url, configuration: .quick { $0.initialConnectionFailure = .retry(for: nil) }, transport: transport.make())
    let delay: Duration? = try await within {
      for try await case .reconnecting(let reconnection) in source.elements { return reconnection.delay }
      return nil
    }
    #expect(delay == .seconds(1))
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aStrictPolicyStopsAtEveryStatusBut200(transport: TransportKind) async throws {
    let (error, connections) = try await failure(
      transport,
      {
        $0.responsePolicy = .browser
        $0.initialConnectionFailure = .retry(for: nil)
      }
    ) { connection in
      try connection.request()
      try connection.status("503 Later", "Retry-After: 1\r\n")
    }
    #expect(error?.status == 503 && connections == 1)
  }

  @Test(arguments: TransportKind.allCases)
  func theFirstFailureIsThrownUnlessItIsToBeTriedAgain(transport: TransportKind) async throws {
    let (error, connections) = try await failure(transport) { connection in
      try connection.request()
      try connection.status("503 Later")
    }
    #expect(error?.status == 503 && connections == 1)
    let errors = Mutex(0)
    let retrying: @Sendable (inout EventSource.Configuration) -> Void = {
      $0.initialConnectionFailure = .retry(for: nil)
      $0.errorHandler = { _, suggestion in
        #expect(suggestion == .reconnect)
        return errors.withLock { errors in
          errors += 1
          return errors == 3 ? .stop : suggestion
        }
      }
    }
    let (later, attempts) = try await failure(transport, retrying) { try $0.request() }
    #expect(later?.code == .transport && attempts == 3)
  }

  @Test(arguments: TransportKind.allCases)
  func aHandlerDecidesAboutEveryError(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status("404 Not Yet")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: x\n\n")
      })
    let configuration = EventSource.Configuration.quick {
      $0.errorHandler = { error, suggestion in
        if error.status == 404 {
          #expect(suggestion == .stop)
          return .reconnect
        }
        #expect(suggestion == .reconnect && error.code == .streamEnded)
        return .stop
      }
    }
    let source = EventSource(server.url, configuration: configuration, transport: transport.make())
    let (data, error) = try await readToEnd(source)
    #expect(data == ["x"] && error?.code == .streamEnded && server.accepted == 2)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aServerThatNeverAnswersIsGivenUp(transport: TransportKind) async throws {
    let (error, _) = try await failure(transport, { $0.connectTimeout = .milliseconds(100) }) { try $0.untilClosed() }
    #expect(error?.code == .connectTimeout)
  }

  @Test(arguments: TransportKind.allCases)
  func whatIsNoHTTPIsAnError(transport: TransportKind) async throws {
    let (error, _) = try await failure(transport) { connection in
      try connection.request()
      try connection.write("\u{16}\u{3}garbage\r\n\r\n")
    }
    #expect(error?.code == .transport)
    let refused = EventSource(URL(string: "http://127.0.0.1:1/")!, configuration: .quick(), transport: transport.make())
    #expect(try await readToEnd(refused).error?.code == .transport)
  }

  @Test(
    arguments: TransportKind.allCases.filter(\.standsAgainstAll),
    ["X: \(String(repeating: "x", count: 1000))\r\n", "x"])
  func aHeadThatNeverEndsIsAnError(transport: TransportKind, piece: String) async throws {
    let (error, _) = try await failure(transport) { connection in
      try connection.request()
      try connection.write("HTTP/1.1 200 OK\r\n")
      let many = String(repeating: piece, count: 1000)
      while true { try connection.write(many) }
    }
    #expect(error?.code == .transport)
  }

  @Test(
    arguments: TransportKind.allCases.filter(\.standsAgainstAll), ["", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\nContent-Ty"])
  func aHeadThatBreaksOffIsAnError(transport: TransportKind, head: String) async throws {
    let (error, _) = try await failure(transport) { connection in
      try connection.request()
      try connection.write(head)
    }
    #expect(error?.code == .transport)
  }
}
