import EventSourceClient
import EventSourceFormat
import Foundation
import Synchronization
import Testing

/// Tests of reconnecting, and of delivering in order.
@Suite struct ClientReconnectTests {
  private func take(_ count: Int, _ source: EventSource) async throws -> [EventSource.Message] {
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
  func onlyWhatABlankLineHasEndedCountsAndTheIDSurvives(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.head()
        // The last block is incomplete, so neither its data nor its ID count.
        try connection.write("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\nid: 3\ndata: c")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("\u{FEFF}data: d\n\nid\ndata: e\n\n")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: f\n\n")
        try connection.untilClosed()
      })
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    let messages = try await take(5, source)
    #expect(messages.map(\.data) == ["a", "b", "d", "e", "f"])
    #expect(messages.map(\.lastEventID) == ["1", "1", "2", "", ""])
    #expect(server.requests.map { $0.values(of: "Last-Event-ID") } == [[], ["2"], []])
    server.stop()
  }

  @Test(arguments: TransportKind.allCases, [true, false])
  func aConnectionThatBreaksIsMadeAgain(transport: TransportKind, isReset: Bool) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      let event = "id: \(connection.number)\ndata: \(connection.number)\n\n"
      try connection.write(String(event.utf8.count, radix: 16) + "\r\n\(event)\r\n")
      if isReset { connection.reset() } else { try connection.write("ff\r\ndata: cut") }
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    let messages = try await take(3, source)
    #expect(messages.map(\.data).first == "1")
    #expect(Set(messages.map(\.data)).count == 3)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func everythingThatHappensIsSeenInOrder(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write(": hello\nretry: 1\nevent: eventsource-gap\n")
      try connection.write(#"data: {"channel":"a","lastEventID":"x","earliestAvailable":null}"# + "\n\n")
      try connection.write("event: named\nid: 7\ndata: x\n\n")
    }
    let source = EventSource(
      server.url, configuration: .quick { $0.reconnectionTime = .seconds(3600) }, transport: transport.make())
    let seen = try await within {
      var seen: [String] = []
      for try await element in source.elements {
        switch element {
        case .opened(let head): seen.append("opened \(head.status)")
        case .comment(let text): seen.append("comment\(text)")
        case .gap(let gap): seen.append("gap \(gap.channel) \(gap.lastEventID ?? "-") \(gap.earliestAvailable ?? "-")")
        case .event(let message): seen.append("\(message.type) \(message.data) \(message.lastEventID)")
        case .reconnecting(let reconnection):
          seen.append("reconnecting \(reconnection.attempt) \(reconnection.error?.code.description ?? "-")")
          // The server's delay with backoff and jitter, not an hour.
          #expect(reconnection.delay >= .milliseconds(1) && reconnection.delay < .seconds(1))
          if reconnection.attempt == 3 { source.close() }
        case .closed(let closure): seen.append("closed \(closure)")
        }
      }
      return seen
    }
    let stream = ["opened 200", "comment hello", "gap a x -", "named x 7"]
    #expect(
      seen == stream + ["reconnecting 2 streamEnded"] + stream + ["reconnecting 3 streamEnded", "closed byCaller"])
    #expect(source.readyState == .closed && source.lastEventID == "7")
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func silenceIsNoticedAndAnyByteResetsIt(transport: TransportKind) async throws {
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.head()
        // Together longer than the limit, but each much shorter, even on a busy machine.
        for _ in 0..<14 {
          try connection.write(":")
          _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(250))
        }
        try connection.write("\ndata: x\n\n")
        try connection.untilClosed()
      },
      { connection in
        try connection.request()
        try connection.status("204 Done")
      })
    let errors = Mutex<[SubscriptionError.Code]>([])
    let configuration = EventSource.Configuration.quick {
      $0.readTimeout = .milliseconds(3000)
      $0.errorHandler = { error, suggestion in
        errors.withLock { $0.append(error.code) }
        return suggestion
      }
    }
    let source = EventSource(server.url, configuration: configuration, transport: transport.make())
    let (data, error) = try await readToEnd(source)
    #expect(data == ["x"] && error == nil && errors.withLock { $0 } == [.readTimeout])
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aRestartConnectsAtOnceWithTheLastEventID(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("id: \(connection.number)\ndata: \(connection.number)\n\n")
      try connection.untilClosed()
    }
    let source = EventSource(
      server.url, configuration: .quick { $0.reconnectionTime = .seconds(3600) }, transport: transport.make())
    let data = try await within {
      var data: [String] = []
      for try await message in source.events {
        data.append(message.data)
        if data.count == 4 { break }
        source.restart()
      }
      return data
    }
    #expect(data == ["1", "2", "3", "4"])
    #expect(server.requests.map { $0.values(of: "Last-Event-ID").first } == [nil, "1", "2", "3"])
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func whatIsTooLargeStopsAfterWhatCameBeforeIt(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("data: a\n\ndata: \(String(repeating: "x", count: 100_000))\n\n")
      try connection.untilClosed()
    }
    let configuration = EventSource.Configuration.quick {
      $0.limits = .init(maximumLineBytes: 1000, maximumEventBytes: 1000)
    }
    let (data, error) = try await readToEnd(
      EventSource(server.url, configuration: configuration, transport: transport.make()))
    #expect(data == ["a"] && error?.code == .tooLarge && error?.underlying is EventStreamParserError)
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aResponseEndsAtItsEndAndIsNotAskedForAgain(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      if connection.number == 1 {
        try connection.head()
        try connection.write("data: {\"token\":\"a\"}\n\ndata: [DONE]\n\n")
      } else {
        try connection.write(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100\r\n\r\ndata: cut\n\n")
      }
    }
    struct Token: Decodable { var token: String }
    let request = SubscriptionRequest(server.url, method: "POST", body: Array("{}".utf8))
    let source = EventSource(request, configuration: .quick { $0.mode = .singleResponse }, transport: transport.make())
    let messages = try await within {
      var messages: [EventSource.Message] = []
      for try await message in source.events { messages.append(message) }
      return messages
    }
    #expect(messages.map(\.data) == [#"{"token":"a"}"#, "[DONE]"])
    #expect(try messages[0].decode(Token.self).token == "a")
    #expect(throws: DecodingError.self) { try messages[1].decode(Token.self) }
    #expect(server.accepted == 1)
    let cut = EventSource(request, configuration: .quick { $0.mode = .singleResponse }, transport: transport.make())
    let (data, error) = try await readToEnd(cut)
    #expect(data == ["cut"] && error?.code == .transport && server.accepted == 2)
    server.stop()
  }
}
