import EventSourceClient
import Foundation
import Testing

/// Tests that a slow reader loses nothing, whatever happens to the connection in the meantime.
@Suite struct ClientSlowReaderTests {
  private let url = URL(string: "http://chunks.test/")!

  /// Returns events with increasing numbers after the last event ID, each in its own piece.
  private func numbered(_ count: Int) -> ChunkTransport {
    ChunkTransport { _, last in
      let first = last.flatMap { Int($0) } ?? 0
      return first < count ? (first + 1...count).map { "id: \($0)\ndata: \($0)\n\n" } : []
    }
  }

  @Test(arguments: 1...6) func aRestartLosesNothingThatWaitsForTheReader(taken: Int) async throws {
    let transport = numbered(6)
    let source = EventSource(url, configuration: .quick(), transport: transport)
    let data = try await within {
      var data: [String] = []
      for try await message in source.events {
        data.append(message.data)
        if data.count == taken {
          // One piece is held for the reader. The next one has been parsed and waits for it.
          try await eventually { transport.given >= min(taken + 2, 6) }
          source.restart()
        }
        if data.count == 6 { break }
      }
      return data
    }
    #expect(data == (1...6).map(String.init))
    #expect(transport.open == 0)
  }

  @Test func aReaderThatIsSlowerThanTheTimeoutsIsNotTheServersSilence() async throws {
    let transport = ChunkTransport { number, _ in number == 1 ? nil : [": comment\n", "id: 1\ndata: 1\n\n"] }
    let configuration = EventSource.Configuration.quick {
      $0.initialConnectionFailure = .retry(for: nil)
      $0.connectTimeout = .milliseconds(200)
      $0.readTimeout = .milliseconds(200)
    }
    let source = EventSource(url, configuration: configuration, transport: transport)
    let seen = try await within {
      var seen: [String] = []
      for try await element in source.elements {
        switch element {
        case .reconnecting: seen.append("reconnecting")
        case .opened: seen.append("opened")
        case .comment: seen.append("comment")
        case .event: return seen + ["event"]
        default: seen.append("\(element)")
        }
        // Longer than both time limits.
        try await Task.sleep(for: .milliseconds(300))
      }
      return seen
    }
    #expect(seen == ["reconnecting", "opened", "comment", "event"])
    #expect(transport.attempts == 2 && transport.open == 0)
  }
}
