import EventSourceClient
import Foundation
import Testing

/// Tests of compressed streams, and of a peer that does not speak HTTP over TLS.
@Suite struct ContentCodingTests {
  // Two events, each flushed after it was written.
  @Test(
    arguments: TransportKind.allCases,
    [
      ("gzip", "H4sIAAAAAAACA8pMsVIw5EpJLEm0UsjPS+XiAgAAAP//", "ywQKGEEFSsrzubgADBTUTSIAAAA="),
      ("deflate", "eNrKTLFSMORKSSxJtFLIz0vl4gIAAAD//w==", "ywQKGEEFSsrzubgAqA4Jcg=="),
    ])
  func anEventIsThereAsSoonAsItsBytesAre(
    transport: TransportKind, coded: (coding: String, first: String, second: String)
  ) async throws {
    let isFirstRead = DispatchSemaphore(value: 0)
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head("Content-Encoding: \(coded.coding)\r\n")
      try connection.write(Array(Data(base64Encoded: coded.first)!))
      // The second half is written after the first has been delivered.
      _ = isFirstRead.wait(timeout: .now() + 20)
      try connection.write(Array(Data(base64Encoded: coded.second)!))
      try connection.untilClosed()
    }
    let source = EventSource(server.url, configuration: .quick(), transport: transport.make())
    let data = try await within {
      var data: [String] = []
      for try await message in source.events {
        data.append("\(message.lastEventID) \(message.data)")
        isFirstRead.signal()
        if data.count == 2 { break }
      }
      return data
    }
    #expect(data == ["1 one", "2 two"])
    server.stop()
  }

  @Test(arguments: TransportKind.allCases)
  func aServerThatSpeaksNoTLSIsAnError(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
    }
    let url = URL(string: "https://127.0.0.1:\(server.port)/stream")!
    let error = try await readToEnd(EventSource(url, configuration: .quick(), transport: transport.make())).error
    #expect(error?.code == .transport)
    server.stop()
  }
}
