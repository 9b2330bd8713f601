import EventSourceClient
import Foundation
import Synchronization
import Testing

/// Tests of IDs that are valid in a stream but not in a request, which every transport treats in the same way, and of
/// what is saved.
@Suite struct LastEventIDFieldTests {
  private static let unsendable = ["a\u{1}b", "a\u{7F}b", String(repeating: "i", count: 300_000)]

  @Test(arguments: TransportKind.allCases, unsendable.indices)
  func anIDThatCannotBeSentIsOneErrorAndTheFeedGoesOn(transport: TransportKind, index: Int) async throws {
    let id = Self.unsendable[index]
    let server = try ScriptedServer(
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("id: \(id)\ndata: 1\n\n")
      },
      { connection in
        try connection.request()
        try connection.head()
        try connection.write("data: \(connection.number)\n\n")
      })
    let errors = Mutex<[SubscriptionError.Code]>([])
    let configuration = EventSource.Configuration.quick {
      $0.errorHandler = { error, suggestion in
        errors.withLock { $0.append(error.code) }
        return suggestion
      }
    }
    let source = EventSource(server.url, configuration: configuration, transport: transport.make())
    let data = try await within {
      var data: [String] = []
      for try await message in source.events {
        data.append(message.data)
        if data.count == 3 { break }
      }
      return data
    }
    #expect(data == ["1", "2", "3"])
    #expect(errors.withLock { $0.prefix(3) } == [.streamEnded, .request, .streamEnded])
    #expect(server.requests.allSatisfy { $0.values(of: "Last-Event-ID").isEmpty })
    server.stop()
  }

  @Test func whatCannotBeSentIsNotSavedAndWhatIsSavedIsNotSavedAgain() async throws {
    let ids = ["1", "1", Self.unsendable[0], "1", "2", "2", "", "3"]
    let stream = ids.map { "id: \($0)\ndata: x\n\n" }.joined()
    for acknowledgement in [EventSource.Configuration.Acknowledgement.automatic, .explicit] {
      let transport = ChunkTransport { _, _ in [stream + "data: end\n\n"] }
      let store = CountingStore("1")
      let configuration = EventSource.Configuration.quick {
        $0.lastEventIDStore = store
        $0.acknowledgement = acknowledgement
      }
      let source = EventSource(URL(string: "http://x/")!, configuration: configuration, transport: transport)
      try await within {
        for try await message in source.events {
          if message.data == "end" { break }
          if acknowledgement == .explicit { try await source.acknowledge(message) }
        }
      }
      #expect(store.saved == ["2", "", "3"])
    }
  }

  @Test(arguments: TransportKind.allCases)
  func theRequestsOwnFieldIsTheIDToBeginWith(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write("id: 6\ndata: x\n\n")
    }
    let request = SubscriptionRequest(server.url, headers: [HeaderField("last-event-id", "5")])
    for configured in ["", "4"] {
      let configuration = EventSource.Configuration.quick { $0.lastEventID = configured }
      let source = EventSource(request, configuration: configuration, transport: transport.make())
      #expect(source.lastEventID == (configured.isEmpty ? "5" : configured))
      try await within {
        var count = 0
        for try await _ in source.events {
          count += 1
          if count == 2 { break }
        }
      }
    }
    #expect(server.requests.map { $0.values(of: "Last-Event-ID") } == [["5"], ["6"], ["4"], ["6"]])
    server.stop()
  }
}
