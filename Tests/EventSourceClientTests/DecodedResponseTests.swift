import EventSourceClient
import EventSourceFormat
import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif
#if AsyncHTTPClient
  import AsyncHTTPClient
  import NIOCore
#endif

/// Tests of responses that are decoded, with their heads, without a source.
@Suite struct DecodedResponseTests {
  private func server(_ body: String) throws -> ScriptedServer {
    try ScriptedServer { connection in
      try connection.request()
      try connection.head("X-Mine: 1\r\n")
      try connection.write(body)
    }
  }

  @Test(arguments: TransportKind.allCases)
  func decodedEventsHaveTheHeadOfTheirResponse(transport: TransportKind) async throws {
    let server = try server("id: 1\ndata: a\n\ndata: b\n\ndata: cut")
    let response = try await transport.make().send(SubscriptionRequest(server.url))
    var messages: [EventSource.Message] = []
    await #expect(throws: EventStreamReadError.truncated) {
      for try await message in response.chunks.serverSentEvents().messages(from: response.head) {
        messages.append(message)
      }
    }
    #expect(messages.map(\.data) == ["a", "b"] && messages.map(\.lastEventID) == ["1", "1"])
    #expect(messages.allSatisfy { $0.head.headers.values(of: "x-mine") == ["1"] && $0.head.status == 200 })
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aReadTimeoutClosesTheConnection(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("data: a\n\n")
      try connection.untilClosed()
    }
    let limit = Duration.milliseconds(200)
    let response = try await transport.make().send(SubscriptionRequest(server.url))
    var count = 0
    await #expect(throws: EventStreamReadError.timedOut(after: limit)) {
      for try await _ in response.chunks.withReadTimeout(limit).serverSentEvents() { count += 1 }
    }
    #expect(count == 1)
    try await eventually { server.openConnections == 0 }
    server.stop()
  }

  @Test func aHeadOfFoundationsKeepsItsParts() throws {
    let url = URL(string: "https://example.org/a")!
    let response = try #require(
      HTTPURLResponse(url: url, statusCode: 503, httpVersion: nil, headerFields: ["Retry-After": "7"]))
    let head = ResponseHead(response)
    #expect(head.status == 503 && head.url == url && head.headers.values(of: "retry-after") == ["7"])
  }

  #if AsyncHTTPClient
    @Test func theBuffersOfAsyncHTTPClientAreChunks() async throws {
      let server = try server("data: a\n\ndata: b\n\n")
      let request = HTTPClientRequest(url: server.url.absoluteString)
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
      var data: [String] = []
      let chunks = response.body.map(\.readableBytesView).withReadTimeout(.seconds(10))
      for try await event in chunks.serverSentEvents() { data.append(event.data) }
      #expect(data == ["a", "b"])
      server.stop()
    }
  #endif
}
