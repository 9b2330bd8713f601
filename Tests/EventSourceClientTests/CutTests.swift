import EventSourceBuiltInServer
import EventSourceClient
import EventSourceFormat
import EventSourceServer
import Foundation
import Glibc
import Testing

/// Tests of a connection that breaks at any byte of the built-in server's response.
@Suite struct ClientCutTests {
  /// Returns the server's response to a reader that has this many of its five events, up to the last event.
  private func recording(after number: Int, of port: Int, ids prefix: String) throws -> [UInt8] {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(fd) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    try #require(isConnected)
    let field = number == 0 ? "" : "Last-Event-ID: \(prefix)\(number)\r\n"
    let request = Array("GET /events/a HTTP/1.1\r\nHost: x\r\n\(field)\r\n".utf8)
    try #require(send(fd, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
    var answer: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    // To the end of the chunk with the last event.
    while !isWhole(String(decoding: answer, as: UTF8.self)) {
      let count = recv(fd, &piece, piece.count, 0)
      try #require(count > 0)
      answer += piece[..<count]
    }
    return answer
  }

  private func isWhole(_ answer: String) -> Bool {
    answer.contains("event 5\ndata: of five\n") && answer.hasSuffix("\n\n\r\n")
  }

  @Test(arguments: TransportKind.allCases)
  func noEventIsLostNoneComesTwiceNoneIsInvented(transport: TransportKind) async throws {
    let hub = EventHub(channels: ["a"])
    var streams = EventStreamHandler.Configuration()
    streams.replaysToNewReaders = true
    let server = BuiltInServer()
    server.mount(EventStreamHandler(hub, configuration: streams), at: "/events/{channel}")
    let address = try server.start()
    var prefix = ""
    for number in 1...5 {
      prefix = String(try hub.publish("event \(number)\nof five", to: "a").rawValue.dropLast("\(number)".count))
    }
    let ids = prefix
    var recordings: [[UInt8]] = []
    for number in 0..<5 { recordings.append(try recording(after: number, of: address.port, ids: ids)) }
    await server.stop()

    let answers = recordings
    let shared = transport.make()
    // Foundation on Linux ends the program if a head breaks off at some places.
    let head = String(decoding: answers[0], as: UTF8.self).components(separatedBy: "\r\n\r\n")[0].utf8.count + 4
    for cut in (transport.standsAgainstAll ? 0 : head)...answers[0].count {
      let player = try ScriptedServer { connection in
        let last = try connection.request().values(of: "Last-Event-ID").first
        let number = last.flatMap { Int($0.dropFirst(ids.count)) } ?? 0
        guard number < 5 else { return try connection.untilClosed() }
        // The first connection breaks, and all later ones stay open.
        try connection.write(connection.number == 1 ? Array(answers[0].prefix(cut)) : answers[number])
        if connection.number > 1 { try connection.untilClosed() }
      }
      let configuration = EventSource.Configuration.quick {
        $0.reconnectionTime = .zero
        $0.initialConnectionFailure = .retry(for: nil)
      }
      let source = EventSource(player.url, configuration: configuration, transport: shared)
      let messages = try await within {
        var messages: [String] = []
        for try await message in source.events {
          messages.append("\(message.lastEventID) \(message.data)")
          if message.lastEventID == "\(ids)5" { break }
        }
        return messages
      }
      #expect(messages == (1...5).map { "\(ids)\($0) event \($0)\nof five" }, "cut at \(cut)")
      player.stop()
    }
  }
}
