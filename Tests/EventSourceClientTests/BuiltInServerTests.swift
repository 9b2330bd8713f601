import EventSourceBuiltInServer
import EventSourceClient
import EventSourceFormat
import EventSourceServer
import Foundation
import Synchronization
import Testing

/// Tests of the client with this package's own server.
@Suite struct ClientWithBuiltInServerTests {
  private func withServer(
    _ change: (inout EventHub.Configuration, inout EventStreamHandler.Configuration) -> Void = { _, _ in },
    _ body: (EventHub, BuiltInServer, URL) async throws -> Void
  ) async throws {
    var hubConfiguration = EventHub.Configuration()
    hubConfiguration.idPrefix = "test"
    var configuration = EventStreamHandler.Configuration()
    configuration.reconnectionTime = .milliseconds(1)
    change(&hubConfiguration, &configuration)
    let hub = EventHub(channels: ["news"], configuration: hubConfiguration)
    let server = BuiltInServer()
    server.mount(EventStreamHandler(hub, configuration: configuration), at: "/events/{channel}")
    let address = try server.start()
    do {
      try await body(hub, server, URL(string: "http://127.0.0.1:\(address.port)/events/news")!)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  // Sending the request, and evaluating the response

  @Test(arguments: TransportKind.allCases)
  func theRequestHasWhatTheStandardAsksFor(transport: TransportKind) async throws {
    let seen = Mutex<[[String: String]]>([])
    try await withServer { _, server, url in
      server.route("POST", at: "/echo") { request in
        seen.withLock { $0.append(["body": String(decoding: request.body, as: UTF8.self)]) }
        for name in ["Accept", "Cache-Control", "Last-Event-ID", "X-Own"] {
          seen.withLock { $0[$0.count - 1][name] = request.field(name) }
        }
        let fields = [HeaderField("Content-Type", "text/event-stream")]
        let number = seen.withLock { $0.count }
        return BuiltInResponse(status: 200, fields: fields, body: Array("id: é\(number)\ndata: \(number)\n\n".utf8))
      }
      let request = SubscriptionRequest(
        url.deletingLastPathComponent().deletingLastPathComponent().appending(path: "echo"), method: "POST",
        headers: [HeaderField("X-Own", "yes")], body: Array("{}".utf8))
      let source = EventSource(request, configuration: .quick(), transport: transport.make())
      try await within {
        for try await message in source.events where message.data == "2" { break }
      }
    }
    let requests = seen.withLock { $0 }
    #expect(requests.count == 2)
    for (request, lastID) in zip(requests, [nil, "é1"]) {
      #expect(request["Accept"] == "text/event-stream" && request["Cache-Control"] == "no-cache")
      #expect(request["X-Own"] == "yes" && request["body"] == "{}" && request["Last-Event-ID"] == lastID)
    }
  }

  @Test(arguments: TransportKind.allCases)
  func aChannelThatDoesNotExistStopsTheClientWithTheReason(transport: TransportKind) async throws {
    try await withServer { _, _, url in
      let other = url.deletingLastPathComponent().appending(path: "other")
      let source = EventSource(other, configuration: .quick(), transport: transport.make())
      let (data, error) = try await readToEnd(source)
      #expect(data.isEmpty && error?.code == .status && error?.status == 404)
    }
  }

  @Test(arguments: TransportKind.allCases)
  func redirectsBeginAtTheOriginalURLEachTime(transport: TransportKind) async throws {
    try await withServer({ $1.maximumStreamDuration = .milliseconds(20) }) { _, server, url in
      let asked = Mutex(0)
      server.route("GET", at: "/moved") { _ in
        asked.withLock { $0 += 1 }
        return BuiltInResponse(status: 307, fields: [HeaderField("Location", "/events/news")])
      }
      let moved = url.deletingLastPathComponent().deletingLastPathComponent().appending(path: "moved")
      let source = EventSource(moved, configuration: .quick(), transport: transport.make())
      try await within {
        var opened = 0
        for try await case .opened(let head) in source.elements {
          #expect(head.url == url)
          opened += 1
          if opened == 3 { break }
        }
      }
      #expect(asked.withLock { $0 } == 3)
    }
  }

  // Announcing the connection, delivering in order, closing

  @Test(arguments: TransportKind.allCases)
  func whatIsPublishedIsReadInOrderAndTheReaderIsGoneWhenItLeaves(transport: TransportKind) async throws {
    try await withServer { hub, _, url in
      let source = EventSource(url, configuration: .quick(), transport: transport.make())
      let data = try await within {
        var data: [String] = []
        for try await element in source.elements {
          if case .opened = element {
            #expect(source.readyState == .open)
            for number in 1...1000 { try hub.publish("\(number)\nof 1000", to: "news") }
          }
          if case .event(let message) = element { data.append(message.data) }
          if data.count == 1000 { break }
        }
        return data
      }
      #expect(data == (1...1000).map { "\($0)\nof 1000" })
      #expect(source.readyState == .closed && !source.lastEventID.isEmpty)
      try await eventually { hub.statistics.readers == 0 }
    }
  }

  @Test(arguments: TransportKind.allCases)
  func heartbeatsAreCommentsAndKeepAStreamOpen(transport: TransportKind) async throws {
    try await withServer({ $1.heartbeatInterval = .milliseconds(100) }) { _, _, url in
      // Without comments, the silence would be many times longer than allowed.
      let source = EventSource(url, configuration: .quick { $0.readTimeout = .seconds(2) }, transport: transport.make())
      try await within {
        var comments = 0
        for try await element in source.elements {
          if case .reconnecting(let reconnection) = element { Issue.record("\(reconnection)") }
          if case .comment = element { comments += 1 }
          if comments == 5 { break }
        }
      }
    }
  }

  // Reconnecting, resuming, and ending at the server's request

  @Test(arguments: TransportKind.allCases)
  func streamsThatTheServerEndsAreContinuedWithoutGapOrDuplicate(transport: TransportKind) async throws {
    try await withServer({
      $1.maximumStreamDuration = .milliseconds(20)
      $1.replaysToNewReaders = true
    }) { hub, _, url in
      let source = EventSource(url, configuration: .quick(), transport: transport.make())
      let (opened, data) = try await within {
        var opened = 0
        var data: [String] = []
        for try await element in source.elements {
          if case .opened = element {
            opened += 1
            for number in 1...3 { try hub.publish("\(opened).\(number)", to: "news") }
          }
          if case .event(let message) = element { data.append(message.data) }
          if data.count >= 15 { break }
        }
        return (opened, data)
      }
      #expect(data == (1...5).flatMap { round in (1...3).map { "\(round).\($0)" } })
      #expect(opened >= 5)
    }
  }

  @Test(arguments: TransportKind.allCases)
  func eventsThatTheServerNoLongerHasAreToldAsAGap(transport: TransportKind) async throws {
    try await withServer({ hub, _ in hub.retention.maximumEvents = 2 }) { hub, _, url in
      let first = try hub.publish("0", to: "news")
      for number in 1...5000 { try hub.publish("\(number)", to: "news") }
      let configuration = EventSource.Configuration.quick { $0.lastEventID = first.rawValue }
      let source = EventSource(url, configuration: configuration, transport: transport.make())
      let (gaps, last) = try await within {
        var gaps: [EventSource.Gap] = []
        for try await element in source.elements {
          if case .gap(let gap) = element { gaps.append(gap) }
          if case .event(let message) = element, message.data == "5000" { return (gaps, message.lastEventID) }
        }
        return (gaps, "")
      }
      #expect(gaps.count == 1 && gaps.first?.channel == "news" && gaps.first?.lastEventID == first.rawValue)
      #expect(last.hasSuffix("-5001"))
    }
  }

  @Test(arguments: TransportKind.allCases)
  func aServerThatStopsEndsTheStreamAndIsFoundAgain(transport: TransportKind) async throws {
    let hub = EventHub(channels: ["news"])
    let serve: @Sendable (Int) throws -> (BuiltInServer, Int) = { port in
      var configuration = BuiltInServer.Configuration()
      configuration.port = port
      let server = BuiltInServer(configuration: configuration)
      server.mount(EventStreamHandler(hub), at: "/events/{channel}")
      return (server, try server.start().port)
    }
    let (first, port) = try serve(0)
    // A draining server requests its own delay, for which a restart does not wait.
    let source = EventSource(
      URL(string: "http://127.0.0.1:\(port)/events/news")!, configuration: .quick(), transport: transport.make())
    let (data, second) = try await within {
      var data: [String] = []
      var second: BuiltInServer?
      for try await element in source.elements {
        switch element {
        case .opened: try hub.publish("\(data.count)", to: "news")
        case .event(let message):
          data.append(message.data)
          if data.count == 2 { return (data, second) }
          await first.stop()
        case .reconnecting:
          if second == nil { second = try serve(port).0 }
          source.restart()
        default: break
        }
      }
      return (data, second)
    }
    #expect(data == ["0", "1"])
    await second?.stop()
  }
}
