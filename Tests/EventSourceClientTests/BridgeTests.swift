import EventSourceClient
import EventSourceFormat
import Foundation
import Synchronization
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Tests of the connections between a source and a program's own types: requests, logs, actors.
@Suite struct BridgeTests {
  @Test func aRequestOfFoundationsKeepsItsParts() throws {
    var foundation = URLRequest(url: URL(string: "https://example.org/a?b")!)
    foundation.httpMethod = "REPORT"
    foundation.setValue("1", forHTTPHeaderField: "X-One")
    foundation.httpBody = Data("body".utf8)
    let request = try SubscriptionRequest(foundation)
    #expect(request.url == foundation.url && request.method == "REPORT" && request.body == Array("body".utf8))
    #expect(request.headers.values(of: "x-one") == ["1"])
    foundation.httpBodyStream = InputStream(data: Data("stream".utf8))
    let stream = foundation
    #expect(throws: SubscriptionError.self) { try SubscriptionRequest(stream) }
  }

  @Test func theLoggerCanBeChangedWhileASourceRuns() async throws {
    let (first, second) = (Recorder(), Recorder())
    let transport = ChunkTransport { _, _ in ["data: x\n\n"] }
    let configuration = EventSource.Configuration.quick { $0.logger = { first.add("\($0.message)") } }
    let source = EventSource(URL(string: "http://x/")!, configuration: configuration, transport: transport)
    try await within {
      var opened = 0
      for try await element in source.elements {
        if case .opened = element { opened += 1 }
        guard case .event = element else { continue }
        if opened == 2 { break }
        source.setLogger { second.add("\($0.message)") }
        source.restart()
      }
    }
    #expect(first.lines == ["a stream is open"])
    #expect(second.lines == ["reconnecting", "a stream is open"])
  }

  private final class Recorder: Sendable {
    private let state = Mutex<[String]>([])
    var lines: [String] { state.withLock { $0 } }
    func add(_ line: String) { state.withLock { $0.append(line) } }
  }

  @Test func eventsHaveTheirOwnIDBesideTheLastOne() async throws {
    let stream = "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\ndata: d\n\nid: é\ndata: e\n\n"
    let transport = ChunkTransport { _, _ in [stream] }
    let source = EventSource(URL(string: "http://x/")!, configuration: .quick(), transport: transport)
    let messages = try await within {
      var messages: [EventSource.Message] = []
      for try await message in source.events {
        messages.append(message)
        if message.data == "e" { break }
      }
      return messages
    }
    #expect(messages.map(\.id) == ["1", nil, "", nil, "é"])
    #expect(messages.map(\.lastEventID) == ["1", "1", "", "", "é"])
  }

  @MainActor private final class Model {
    var lines: [String] = []

    func follow(_ source: EventSource) async throws {
      for try await message in source.events {
        // The loop runs on the main actor, and so do the changes that it makes.
        lines.append(message.data)
        if lines.count == 2 { return }
      }
    }
  }

  @MainActor @Test func aLoopOfTheMainActorStaysThere() async throws {
    let transport = ChunkTransport { _, _ in ["data: a\n\ndata: b\n\n"] }
    let model = Model()
    try await model.follow(EventSource(URL(string: "http://x/")!, configuration: .quick(), transport: transport))
    #expect(model.lines == ["a", "b"])
  }

  /// The data of a view. Many views read one connection.
  @MainActor private final class Board {
    private(set) var prices: [String: String] = [:]
    private var task: Task<Void, any Error>?

    func follow(_ shared: SharedEventSource) {
      task = Task {
        // The task inherits the main actor, so the loop's body may change the view's data.
        for try await message in shared.events { prices[message.type] = message.data }
      }
    }

    func stop() async {
      task?.cancel()
      _ = await task?.result
    }
  }

  @MainActor @Test func viewsOfTheMainActorShareASource() async throws {
    let transport = ChunkTransport { _, _ in ["event: a\ndata: 1\n\n", "event: b\ndata: 2\n\n"] }
    let source = EventSource(URL(string: "http://x/")!, configuration: .quick(), transport: transport)
    let shared = source.share()
    let boards = [Board(), Board()]
    for board in boards { board.follow(shared) }
    while boards.contains(where: { $0.prices["b"] != "2" }) { await Task.yield() }
    for board in boards { await board.stop() }
    #expect(transport.attempts == 1)
  }

  /// Accepts only values that can be sent from one task to another, such as a source, its elements and its messages.
  private func send(_ value: some Sendable) async -> String { await Task.detached { "\(type(of: value))" }.value }

  @Test func everyPublicValueIsSendable() async throws {
    let transport = ChunkTransport { _, _ in ["data: x\n\n"] }
    let source = EventSource(URL(string: "http://x/")!, configuration: .quick(), transport: transport)
    let shared = source.share()
    let message = try #require(try await shared.events.first { _ in true })
    let values: [any Sendable] = [
      source, source.elements, source.events, shared, shared.elements, shared.events, message, message.head,
      source.configuration, source.request, SubscriptionError(.streamEnded, "end"), ResponsePolicy.standard,
    ]
    for value in values { #expect(await !send(value).isEmpty) }
  }
}
