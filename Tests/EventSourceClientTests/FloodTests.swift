import EventSourceClient
import Foundation
import Testing

/// Tests of a server that sends faster than its reader reads, when the reader leaves in the middle.
@Suite struct FloodTests {
  @Test(arguments: TransportKind.allCases)
  func aReaderThatLeavesAFloodLeavesTheProgramAlone(transport: TransportKind) async throws {
    let server = try ScriptedServer { connection in
      try connection.request()
      try connection.head()
      try connection.write([UInt8](repeating: UInt8(ascii: "x"), count: 4 << 20))
      try connection.untilClosed()
    }
    let sender = transport.make()
    for number in 1...20 {
      let response = try await within { try await sender.send(SubscriptionRequest(server.url)) }
      var received = 0
      while received < number << 16 {
        received += try #require(try await within { try await response.body.next() }).count
      }
      response.body.cancel()
    }
    try await within { while server.openConnections > 0 { await Task.yield() } }
    #expect(server.accepted == 20)
    server.stop()
  }
}
