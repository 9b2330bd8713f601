import EventSourceClient
import Foundation
import Testing

/// Tests of the request.
@Suite struct ClientRequestTests {
  private func firstEvents(
    _ count: Int, _ source: EventSource
  ) async throws -> [EventSource.Message] {
    try await within {
      var messages: [EventSource.Message] = []
      for try await message in source.events {
        messages.append(message)
        if messages.count == count { break }
      }
      return messages
    }
  }

  @Test(arguments: TransportKind.allCases)
  func theRequestSaysWhatIsWantedAndNoLastEventID(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("data: x\n\n")
      try connection.untilClosed()
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    #expect(try await firstEvents(1, source).map(\.data) == ["x"])
    let request = try #require(server.requests.first)
    #expect(request.line == "GET /stream HTTP/1.1")
    #expect(request.values(of: "Accept") == ["text/event-stream"])
    #expect(request.values(of: "Cache-Control") == ["no-cache"])
    #expect(request.values(of: "Pragma") == ["no-cache"])
    #expect(request.values(of: "Last-Event-ID").isEmpty)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func anAddressMayBeOfIPv6(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      [
        { connection in
          try connection.request()
          try connection.status("307 Here", "Location: /other\r\n")
        },
        { connection in
          try connection.request()
          try connection.head()
          try connection.write("data: x\n\n")
        },
      ], isIPv6: true)
    let request = SubscriptionRequest(server.url, headers: [HeaderField("Authorization", "mine")])
    let source = EventSource(request, configuration: .quick(), transport: transport.make())
    if transport == .urlSession {
      // Foundation on Linux does not support addresses in brackets.
      #expect(try await readToEnd(source).error?.code == .request)
      return server.stop()
    }
    #expect(try await firstEvents(1, source).first?.head.url.absoluteString == "http://[::1]:\(server.port)/other")
    #expect(server.requests.map { $0.values(of: "Authorization") } == [["mine"], ["mine"]])
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func methodFieldsAndBodyAreSentOnEachAttempt(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("id: é\(connection.number)…\ndata: x\n\n")
    }
    let request = SubscriptionRequest(
      server.url, method: "REPORT",
      headers: [
        HeaderField("X-Token", "t"), HeaderField("Content-Type", "application/json"), HeaderField("Accept", "*/*"),
      ],
      body: Array("{\"a\":1}".utf8))
    let source = EventSource(request, configuration: .quick { $0.lastEventID = "first" }, transport: transport.make())
    _ = try await firstEvents(3, source)
    for (index, id) in ["first", "é1…", "é2…"].enumerated() {
      let request = server.requests[index]
      #expect(request.method == "REPORT" && String(decoding: request.body, as: UTF8.self) == "{\"a\":1}")
      #expect(request.values(of: "X-Token") == ["t"] && request.values(of: "Accept") == ["*/*"])
      #expect(request.values(of: "Content-Type") == ["application/json"])
      #expect(request.values(of: "Last-Event-ID") == [id])
    }
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func eachAttemptMayHaveARequestOfItsOwn(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("id: \(connection.number)\ndata: x\n\n")
    }
    let configuration = EventSource.Configuration.quick {
      $0.requestProvider = { attempt, request in
        var request = request
        let error = attempt.lastError?.code.description ?? ""
        request.url = URL(string: "\(request.url)?n=\(attempt.number)&id=\(attempt.lastEventID)&e=\(error)")!
        request.headers.append(HeaderField("Authorization", "Bearer \(attempt.number)"))
        return request
      }
    }
    _ = try await firstEvents(3, EventSource(server.url, configuration: configuration, transport: transport.make()))
    #expect(
      server.requests.prefix(3).map(\.path) == [
        "/stream?n=1&id=&e=", "/stream?n=2&id=1&e=streamEnded", "/stream?n=3&id=2&e=streamEnded",
      ])
    #expect(
      server.requests.prefix(3).map { $0.values(of: "Authorization") } == [["Bearer 1"], ["Bearer 2"], ["Bearer 3"]])
    server.stop()
  }

  @Test(arguments: ["ftp://127.0.0.1/", "mailto:x@example.org", "file:///etc/passwd"])
  func whatIsNoHTTPIsRefusedWithoutAnAttempt(url: String) async throws {
    let source = EventSource(
      URL(string: url)!, configuration: .quick { $0.initialConnectionFailure = .retry(for: nil) })
    #expect(try await readToEnd(source).error?.code == .request)
    #expect(source.readyState == .closed)
  }

  @Test(
    arguments: TransportKind.allCases,
    [
      ("GET", HeaderField("X-Own", "a\r\nHost: elsewhere")), ("GET", HeaderField("X-Own", "a\0b")),
      ("GET", HeaderField("X-Own", "a\u{1}b")), ("GET", HeaderField("X-Own", "a\u{7F}b")),
      ("GET", HeaderField("X-Own: a\r\nX-Other", "b")), ("GET", HeaderField("", "b")),
      ("GET / HTTP/1.1\r\nX:", HeaderField("X-Own", "a")), ("", HeaderField("X-Own", "a")),
    ])
  func whatCouldBecomeAnotherRequestIsNotSent(transport: TransportKind, flaw: (String, HeaderField)) async throws {
    let server = try ScriptedServer { try $0.untilClosed() }
    let request = SubscriptionRequest(server.url, method: flaw.0, headers: [flaw.1])
    let (data, error) = try await readToEnd(
      EventSource(request, configuration: .quick(), transport: transport.make()))
    #expect(data.isEmpty && error?.code == .request && server.accepted == 0)
    server.stop()
  }

  @Test func aLastEventIDThatCouldBecomeAFieldIsNotSent() async throws {
    struct Spoiled: LastEventIDStore {
      func load() async throws -> String? { "1\r\nHost: elsewhere" }
      func save(_ id: String) async throws {}
    }
    let server = try ScriptedServer { try $0.untilClosed() }
    let source = EventSource(server.url, configuration: .quick { $0.lastEventIDStore = Spoiled() })
    #expect(try await readToEnd(source).error?.code == .request)
    #expect(server.accepted == 0)
    server.stop()
  }
}
