import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests of the promises on the page *Reading a language model's response*, with its code, against servers in the style
/// of the common interfaces.
@Suite struct LanguageModelTests {
  private struct Prompt: Encodable {
    var model: String
    var stream = true
    var messages: [[String: String]]
  }

  private struct Delta: Decodable {
    struct Choice: Decodable {
      struct Content: Decodable { var content: String? }
      var delta: Content
    }
    var choices: [Choice]
  }

  private func answer(_ transport: TransportKind, from url: URL) async throws -> String {
    let prompt = Prompt(model: "small", messages: [["role": "user", "content": "Hello"]])
    let request = try SubscriptionRequest(url, json: prompt, headers: [HeaderField("Authorization", "Bearer key")])
    var configuration = EventSource.Configuration()
    configuration.mode = .singleResponse
    configuration.endsAtEvent = { $0.data == "[DONE]" }
    let source = EventSource(request, configuration: configuration, transport: transport.make())
    return try await within {
      var text = ""
      for try await message in source.events {
        text += try message.decode(Delta.self).choices.first?.delta.content ?? ""
      }
      return text
    }
  }

  private static func delta(_ text: String) -> String {
    "data: {\"choices\":[{\"delta\":{\"content\":\"\(text)\"}}]}\n\n"
  }

  @Test(arguments: TransportKind.allCases)
  func anAnswerIsReadToItsSentinel(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write(": thinking\n\n" + Self.delta("Hel") + Self.delta("lo!") + "data: [DONE]\n\ndata: cut")
      // The connection stays open, so the sentinel marks the end.
      try connection.untilClosed()
    }
    #expect(try await answer(transport, from: server.url) == "Hello!")
    let request = try #require(server.requests.first)
    #expect(request.method == "POST" && request.values(of: "Content-Type") == ["application/json"])
    #expect(request.values(of: "Authorization") == ["Bearer key"])
    let body = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
    #expect(body?["model"] as? String == "small" && body?["stream"] as? Bool == true)
    try await eventually { server.openConnections == 0 }
    #expect(server.accepted == 1)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func anAnswerThatBreaksOffIsAnErrorAndIsNotAskedForAgain(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write(Self.delta("Hel") + "data: {\"choi")
    }
    let error = await #expect(throws: SubscriptionError.self) { try await answer(transport, from: server.url) }
    #expect(error?.code == .truncated && server.accepted == 1)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aRefusalSaysWhy(transport: TransportKind) async throws {
    struct Rejection: Decodable {
      struct Reason: Decodable { var message: String }
      var error: Reason
    }
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.status("429 Slow Down", "Retry-After: 7\r\n", body: #"{"error":{"message":"quota"}}"#)
    }
    let error = await #expect(throws: SubscriptionError.self) { try await answer(transport, from: server.url) }
    #expect(error?.status == 429 && error?.headers.values(of: "Retry-After") == ["7"])
    let rejection = try JSONDecoder().decode(Rejection.self, from: Data(error?.body ?? []))
    #expect(rejection.error.message == "quota" && server.accepted == 1)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func eventsWithTypesEndAtTheirLast(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      for (type, text) in [("message_start", ""), ("content_block_delta", "Hi"), ("ping", ""), ("message_stop", "")] {
        try connection.write("event: \(type)\ndata: {\"text\":\"\(text)\"}\n\n")
      }
      try connection.untilClosed()
    }
    var configuration = EventSource.Configuration()
    configuration.mode = .singleResponse
    configuration.endsAtEvent = { $0.type == "message_stop" }
    let source = EventSource(
      SubscriptionRequest(server.url, method: "POST"), configuration: configuration, transport: transport.make())
    let seen = try await within {
      var seen: [String] = []
      for try await element in source.elements {
        if case .event(let message) = element { seen.append(message.type) }
        if case .closed(let closure) = element { seen.append("\(closure)") }
      }
      return seen
    }
    #expect(seen == ["message_start", "content_block_delta", "ping", "completed"])
    server.stop()
  }
}
