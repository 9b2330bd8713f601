import EventSourceClient
import Foundation
import Testing

/// Tests of redirects.
@Suite struct ClientRedirectTests {
  private let stream: ScriptedServer.Script = { connection in
    try connection.request()
    try connection.head()
    try connection.write("id: \(connection.number)\ndata: \(connection.number)\n\n")
  }

  @Test(arguments: TransportKind.allCases, ["301 A", "302 B", "303 C", "307 D", "308 E"])
  func everyKindIsFollowedAndEachReconnectBeginsAnew(transport: TransportKind, status: String) async throws {
    let target = try ScriptedServer(stream)
    let origin = try ScriptedServer { connection in
      try connection.request()
      try connection.status(status, "Location: \(target.url)?moved\r\n")
    }
    let request = SubscriptionRequest(
      origin.url, headers: [HeaderField("Authorization", "Bearer secret"), HeaderField("X-Mine", "1")])
    let source = EventSource(request, configuration: .quick { $0.lastEventID = "é" }, transport: transport.make())
    let heads = try await within {
      var heads: [URL] = []
      for try await message in source.events {
        heads.append(message.head.url)
        if heads.count == 2 { break }
      }
      return heads
    }
    #expect(heads.map(\.absoluteString) == Array(repeating: "\(target.url)?moved", count: 2))
    #expect(origin.requests.count >= 2 && target.requests.count >= 2)
    #expect(origin.requests[0].values(of: "Authorization") == ["Bearer secret"])
    // At another origin, credentials are not sent, but the last event ID is.
    #expect(target.requests[0].values(of: "Authorization").isEmpty)
    #expect(target.requests[0].values(of: "X-Mine") == ["1"])
    #expect(target.requests.prefix(2).map { $0.values(of: "Last-Event-ID") } == [["é"], ["1"]])
    #expect(source.request.url == origin.url)
    origin.stop()
    target.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func withinAnOriginThePermissionIsKept(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status("307 Here", "Location: /other\r\n")
      }, stream)
    let request = SubscriptionRequest(server.url, headers: [HeaderField("Authorization", "Bearer secret")])
    let source = EventSource(request, configuration: .quick(), transport: transport.make())
    _ = try await within { try await source.events.first { _ in true } }
    #expect(server.requests[1].path == "/other")
    #expect(server.requests[1].values(of: "Authorization") == ["Bearer secret"])
    server.stop()
  }

  @Test(
    arguments: TransportKind.allCases,
    [("301 A", "GET", ""), ("303 C", "GET", ""), ("307 D", "POST", "body"), ("308 E", "POST", "body")])
  func aPostBecomesAGetAsTheStandardSays(
    transport: TransportKind, expected: (status: String, method: String, body: String)
  ) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.status(expected.status, "Location: /other\r\n")
      }, stream)
    let request = SubscriptionRequest(server.url, method: "POST", body: Array("body".utf8))
    let source = EventSource(request, configuration: .quick(), transport: transport.make())
    _ = try await within { try await source.events.first { _ in true } }
    #expect(server.requests[1].method == expected.method)
    #expect(String(decoding: server.requests[1].body, as: UTF8.self) == expected.body)
    server.stop()
  }

  @Test(
    arguments: TransportKind.allCases,
    [
      ("", "status"), ("Location:\r\n", "redirect"), ("Location: /stream\r\n", "redirect"),
      ("Location: ftp://x/\r\n", "redirect"), ("Location: http://[x\r\n", "redirect"),
    ])
  func oneThatLeadsNowhereIsAnError(
    transport: TransportKind, expected: (location: String, code: String)
  ) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.status("301 Moved", expected.location)
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    let error = try await readToEnd(source).error
    #expect(error?.code.description == expected.code)
    #expect(server.accepted <= 21)
    server.stop()
  }
}
