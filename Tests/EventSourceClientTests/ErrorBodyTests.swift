import EventSourceClient
import Foundation
import Testing

/// Tests of the response body in an error and in its texts, within limits.
@Suite struct ErrorBodyTests {
  private func error(
    _ transport: TransportKind, _ change: (inout EventSource.Configuration) -> Void = { _ in },
    _ script: @escaping ScriptedServer.Script
  ) async throws -> SubscriptionError? {
    let server = try ScriptedServer { connection in
      try connection.request()
      try script(connection)
    }
    defer { server.stop() }
    return try await readToEnd(
      EventSource(server.url, configuration: .quick(change), transport: transport.make())
    ).error
  }

  private let reason = #"{"error":{"message":"Incorrect API key"}}"#

  @Test(arguments: TransportKind.allCases, ["401 Unauthorized", "503 Later", "200 OK"])
  func theBodyOfAResponseThatIsNoStreamIsInTheError(transport: TransportKind, status: String) async throws {
    let thrown = try await error(transport) { [reason] in
      try $0.status(status, "Content-Type: application/json\r\n", body: reason)
    }
    let error = try #require(thrown)
    #expect(error.bodyText == reason)
    #expect(error.description.contains(reason) && error.localizedDescription.contains(reason))
    #expect(error.description.contains(status.prefix(3)) || error.code == .contentType)
  }

  @Test(arguments: TransportKind.allCases)
  func theBodyIsReadUpToTheLimit(transport: TransportKind) async throws {
    for limit in [0, 10, 64 << 10] {
      let error = try await error(transport, { $0.maximumErrorBodyBytes = limit }) { connection in
        try connection.write("HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n")
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
        // Foundation on Linux accepts everything. The other transports make the server wait until they close the
        // connection.
        for _ in 0..<16 { try connection.write(piece) }
      }
      #expect(error?.status == 400 && error?.body.count == limit)
      #expect((error?.description.utf8.count ?? 0) < 1000)
    }
  }

  @Test(arguments: TransportKind.allCases)
  func aBodyThatDoesNotComeDoesNotHoldTheErrorUp(transport: TransportKind) async throws {
    let error = try await error(transport) { connection in
      try connection.write("HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\nno model")
      try connection.untilClosed()
    }
    #expect(error?.status == 400 && error?.bodyText == "no model")
  }

  @Test(arguments: TransportKind.allCases)
  func aResponseThatBreaksOffInsideAnEventIsNotComplete(transport: TransportKind) async throws {
    let response: (inout EventSource.Configuration) -> Void = { $0.mode = .singleResponse }
    for end in ["data: x", "data: x\n", "event: x\n", "id: x\n", "da"] {
      let error = try await error(transport, response) { connection in
        try connection.head()
        try connection.write("data: whole\n\n" + end)
      }
      #expect(error?.code == .truncated, "\(end)")
    }
    for end in ["", ": a comment", ": a comment\n", "retry: 1\n", "\n"] {
      let error = try await error(transport, response) { connection in
        try connection.head()
        try connection.write("data: whole\n\n" + end)
      }
      #expect(error == nil, "\(end)")
    }
  }

  @Test(
    arguments: TransportKind.allCases,
    ["http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http:///path", "http://"])
  func aRequestThatCannotBeMadeIsNoFailureOfTheTransport(transport: TransportKind, url: String) async throws {
    guard let url = URL(string: url) else { return }
    let configuration = EventSource.Configuration.quick { $0.initialConnectionFailure = .retry(for: nil) }
    let source = EventSource(url, configuration: configuration, transport: transport.make())
    #expect(try await readToEnd(source).error?.code == .request)
  }

  @Test func aProviderThatFailsIsAskedAgain() async throws {
    struct NoToken: Error {}
    let transport = ChunkTransport { _, _ in ["data: x\n\n"] }
    let configuration = EventSource.Configuration.quick {
      $0.initialConnectionFailure = .retry(for: nil)
      $0.requestProvider = { attempt, request in
        if attempt.number < 3 { throw NoToken() }
        #expect(attempt.lastError?.code == .request && attempt.lastError?.underlying is NoToken)
        return request
      }
    }
    let source = EventSource(URL(string: "http://x/")!, configuration: configuration, transport: transport)
    #expect(try await within { try await source.events.first { _ in true }?.data } == "x")
    #expect(transport.attempts == 1)
  }
}
