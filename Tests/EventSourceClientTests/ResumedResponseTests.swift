import EventSourceClient
import Foundation
import Testing

/// Tests that a broken single response is resumed if the server offers it, and that its request is not repeated.
@Suite struct ResumedResponseTests {
  private func read(
    _ server: ScriptedServer, _ transport: TransportKind,
    _ change: @escaping @Sendable (inout EventSource.Configuration) -> Void = { _ in }
  ) async throws -> ([String], SubscriptionError?) {
    let request = SubscriptionRequest(
      server.url, method: "POST",
      headers: [HeaderField("Authorization", "Bearer key"), HeaderField("Content-Type", "application/json")],
      body: Array("{}".utf8))
    let configuration = EventSource.Configuration.quick {
      $0.mode = .singleResponse
      change(&$0)
    }
    return try await readToEnd(EventSource(request, configuration: configuration, transport: transport.make()))
  }

  @Test(arguments: TransportKind.allCases)
  func theRestComesFromTheLocationAndThePostIsNotRepeated(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.write(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nLocation: /runs/7\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n")
        try connection.write("22\r\ndata: a\nid: 7-1\n\ndata: b\nid: 7-2\n\n\r\n")
        try connection.write("8\r\ndata: c\n\r\n")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: c\nid: 7-3\n\n")
      })
    defer { server.stop() }
    let (data, error) = try await read(server, transport)
    #expect(data == ["a", "b", "c"] && error == nil)
    #expect(server.requests.map(\.method) == ["POST", "GET"])
    let second = try #require(server.requests.last)
    #expect(second.path == "/runs/7" && second.body.isEmpty && second.values(of: "Content-Type").isEmpty)
    #expect(second.values(of: "Last-Event-ID") == ["7-2"] && second.values(of: "Authorization") == ["Bearer key"])
  }

  @Test(arguments: TransportKind.allCases)
  func aReaderThatIsSentAwayByARetryReturnsAndOneThatIsNotDoesNot(transport: TransportKind) async throws {
    for (ending, isSentAway) in [("retry: 1\n\n", true), ("", false)] {
      let server = try ScriptedServer(
        { connection in
          try connection.request()
          try connection.head("Location: /runs/7\r\n")
          try connection.write("retry: 1\n\ndata: a\nid: 7-1\n\n" + ending)
        },
        { connection in
          try connection.request()
          try connection.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        })
      defer { server.stop() }
      let (data, error) = try await read(server, transport)
      #expect(data == ["a"] && error == nil)
      #expect(server.requests.map(\.method) == (isSentAway ? ["POST", "GET"] : ["POST"]))
    }
  }

  @Test(
    arguments: [
      // The server cannot be asked for the events after an event without an ID.
      ("Location: /runs/7\r\n", "data: a\n\n"),
      // Another origin must not receive the secrets of this one.
      ("Location: http://other.example/runs/7\r\n", "data: a\nid: 7-1\n\n"),
      ("", "data: a\nid: 7-1\n\n"),
    ])
  func whatIsNotOfferedIsNotResumed(location: String, event: String) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\(location)\r\n\(event)")
    }
    defer { server.stop() }
    let (data, error) = try await read(server, TransportKind.allCases[0])
    #expect(data == ["a"] && error != nil && server.accepted == 1)
  }

  @Test func itCanBeTurnedOff() async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\nLocation: /runs/7\r\n\r\n"
          + "data: a\nid: 7-1\n\n")
    }
    defer { server.stop() }
    let (data, error) = try await read(server, TransportKind.allCases[0]) { $0.resumesResponses = false }
    #expect(data == ["a"] && error != nil && server.accepted == 1)
  }

  @Test(arguments: TransportKind.allCases)
  func aRunThatIsGoneIsTold(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.write(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\nLocation: /runs/7\r\n\r\n"
            + "data: a\nid: 7-1\n\n")
      },
      { connection in
        try connection.request()
        try connection.status("404 Not Found")
      })
    defer { server.stop() }
    let (data, error) = try await read(server, transport)
    #expect(data == ["a"] && error?.status == 404 && server.requests.map(\.method) == ["POST", "GET"])
  }
}
